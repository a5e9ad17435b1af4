"""
Certificates as UnionPay's are: a root, a middle one and leaves, in RSA with SHA-256 and in SM2 with SM3.

One writer serves both families, for the library that makes certificates elsewhere in this room has no SM2. Says what a
certificate holds; which there are, and whose keys they carry, is for `credentials.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_providers.core.signatures.sm2 import PrivateKey as Sm2Key
from mock_providers.unionpay import der

COMPANY = "中国银联股份有限公司"
_SHA256_RSA = der.sequence(der.oid("1.2.840.113549.1.1.11"), b"\x05\x00")
_SM2_SM3 = der.sequence(der.oid("1.2.156.10197.1.501"))
_SM2_KEY = der.sequence(der.oid("1.2.840.10045.2.1"), der.oid("1.2.156.10197.1.301"))

Key = RSAPrivateKey | Sm2Key


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What a certificate is to say.

    Args:
        serial: below 2^53, because some clients read it into a floating-point number. Facts: unionpay/certificates
    """

    common_name: str
    serial: int
    since: datetime
    until: datetime
    authority: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with the key that it vouches for."""

    key: Key
    der: bytes

    @property
    def pem(self) -> bytes:
        """As files carry it."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM)


def issue(wanted: Wanted, key: Key, *, by: Issued | None = None) -> Issued:
    """
    Write and sign a certificate for *key*; without an issuer it signs itself.

    Facts: unionpay/certificates, unionpay/chain-rules, unionpay/sm2
    """
    signer = by.key if by is not None else key
    algorithm, sign = _signing(signer)
    issuer = _name(wanted.common_name) if by is None else x509.load_der_x509_certificate(by.der).subject.public_bytes()
    content = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(wanted.serial),
        algorithm,
        issuer,
        der.sequence(der.moment(wanted.since), der.moment(wanted.until)),
        _name(wanted.common_name),
        _public_info(key),
        der.explicit(3, der.sequence(*_extensions(wanted, key, signer))),
    )
    return Issued(key, der.sequence(content, algorithm, der.bits(sign(content))))


def _signing(key: Key) -> tuple[bytes, Callable[[bytes], bytes]]:
    """An SM2 certificate is signed under the usual user id, whatever ids the messages use."""
    if isinstance(key, RSAPrivateKey):
        return _SHA256_RSA, lambda content: key.sign(content, PKCS1v15(), SHA256())
    return _SM2_SM3, lambda content: _as_der(key.sign(content))


def _as_der(signature: bytes) -> bytes:
    return der.sequence(*(der.integer(int.from_bytes(half, "big")) for half in (signature[:32], signature[32:])))


def _name(common: str) -> bytes:
    """Facts: unionpay/chain-rules."""
    parts = (
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, "payproof, for tests only"),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts]).public_bytes()


def _public_info(key: Key) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der.sequence(_SM2_KEY, der.bits(key.public.point))


def _identifier(key: Key) -> bytes:
    if isinstance(key, RSAPrivateKey):
        return x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    return sha1(key.public.point).digest()  # noqa: S324  a name, not a seal; RFC 5280 makes it so


def _extensions(wanted: Wanted, key: Key, signer: Key) -> Sequence[bytes]:
    ours, theirs = _identifier(key), _identifier(signer)
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=wanted.authority, path_length=None), True),
        (_usage(authority=wanted.authority), True),
        (x509.SubjectKeyIdentifier(ours), False),
        (x509.AuthorityKeyIdentifier(theirs, None, None), False),
    ]
    if not wanted.authority:
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION]
        found.append((x509.ExtendedKeyUsage(uses), False))
    return [_extension(one, critical=critical) for one, critical in found]


def _extension(one: x509.ExtensionType, *, critical: bool) -> bytes:
    mark = b"\x01\x01\xff" if critical else b""
    return der.sequence(der.oid(one.oid.dotted_string), mark, der.octets(one.public_bytes()))


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
