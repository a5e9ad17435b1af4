"""
One merchant's keys and numbers, and the platform's, in every form that SDKs ask for.

Certificates are signed by nobody's authority: no SDK looks at the chain.
"""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from mock_providers.core.signatures.credentials import CredentialMaker
from mock_providers.wechatpay.merchants import PUBLIC_KEY_PREFIX, serial_of

_PEM = serialization.Encoding.PEM
_PKCS8 = serialization.PrivateFormat.PKCS8
_PKCS1 = serialization.PrivateFormat.TraditionalOpenSSL
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_PLAIN = serialization.NoEncryption()
# A serial of forty digits, the first of them no zero and no sign bit.
_SERIAL_LOW, _SERIAL_BITS = 1 << 158, 158
# Wider than the five years of real ones: clocks here may be virtual. The next one begins and ends later, which is how
# SDKs tell which is newer.
_FIRST = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2045, 1, 1, tzinfo=UTC))
_NEXT = (datetime(2020, 7, 1, tzinfo=UTC), datetime(2045, 7, 1, tzinfo=UTC))


def write(make: CredentialMaker) -> None:
    """
    Make everything.

    Facts: wechatpay/key-material, wechatpay/certificates
    """
    mchid = f"19{make.digits(8)}"
    certificate, key = _certified(make, mchid, "payproof test merchant", _FIRST)
    make.note(
        mchid=mchid,
        appid=f"wx{int(make.digits(20)) % 16**16:016x}",
        app_secret=make.token(32),
        apiv3_key=make.token(32),
        apiv2_key=make.token(32),
        apiclient_serial_no=serial_of(certificate),
    )
    make.write("apiclient_key.pem", key.private_bytes(_PEM, _PKCS8, _PLAIN))
    make.write("apiclient_key.pkcs1.pem", key.private_bytes(_PEM, _PKCS1, _PLAIN))
    make.write("apiclient_cert.pem", certificate.public_bytes(_PEM))
    # The vendor's own bundle has the merchant's number as its password.
    password = _bundled(mchid.encode())
    make.write(
        "apiclient_cert.p12", pkcs12.serialize_key_and_certificates(b"payproof", key, certificate, None, password)
    )
    for name, days in (("wechatpay_certificate", _FIRST), ("wechatpay_next_certificate", _NEXT)):
        platform, its_key = _certified(make, "Tenpay.com sign", "payproof, for tests only", days)
        make.note(**{f"{name}_serial_no": serial_of(platform)})
        make.write(f"{name}.pem", platform.public_bytes(_PEM))
        make.write_platform(f"{name}_private_key.pem", its_key.private_bytes(_PEM, _PKCS8, _PLAIN))
    public = make.rsa()
    make.note(wechatpay_public_key_id=f"{PUBLIC_KEY_PREFIX}{make.digits(34)}")
    make.write("wechatpay_public_key.pem", public.public_key().public_bytes(_PEM, _SPKI))
    make.write_platform("wechatpay_public_private_key.pem", public.private_bytes(_PEM, _PKCS8, _PLAIN))
    make.write_platform("wechatpay_forger_private_key.pem", make.rsa().private_bytes(_PEM, _PKCS8, _PLAIN))


def _bundled(password: bytes) -> serialization.KeySerializationEncryption:
    """Encrypted as the vendor's own bundle is: clients of every language read that, and not all of them newer ways."""
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048)
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303
    return builder.build(password)


def _certified(
    make: CredentialMaker, common_name: str, organization: str, days: tuple[datetime, datetime]
) -> tuple[x509.Certificate, RSAPrivateKey]:
    key = make.rsa()
    named = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
    ]
    issued_by = x509.Name([*named[:1], x509.NameAttribute(NameOID.COMMON_NAME, "payproof test authority")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([*named, x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(_SERIAL_LOW + int(make.digits(60)) % (1 << _SERIAL_BITS))
        .not_valid_before(days[0])
        .not_valid_after(days[1])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key
