"""
Certificate mode (公钥证书模式): serials as Alipay counts them, and throwaway certificates for the credentials.

Issuers are exactly C, O, OU, CN, which every SDK prints alike. Signs certificates, never calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_RSA_OIDS = "1.2.840.113549.1.1"
_BEGIN = "-----BEGIN CERTIFICATE-----"
# Made once and kept for years in somebody's folder, so that no clock is asked.
_FROM, _UNTIL = datetime(2021, 1, 1, tzinfo=UTC), datetime(2061, 1, 1, tzinfo=UTC)
_NAMED_BY = (
    NameOID.COUNTRY_NAME,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.COMMON_NAME,
)


def serial_of(issuer: str, serial_number: int) -> str:
    """
    A certificate's SN.

    Args:
        issuer: "CN=…,OU=…,O=…,C=…", the reverse of the certificate's own order.

    Facts: alipay/cert-mode
    """
    return md5(f"{issuer}{serial_number}".encode(), usedforsecurity=False).hexdigest()


def certificate_sn(certificate: x509.Certificate) -> str:
    """
    The SN of one certificate.

    Facts: alipay/cert-mode
    """
    parts = [f"{one.rfc4514_attribute_name}={one.value!s}" for one in reversed(list(certificate.issuer))]
    return serial_of(",".join(parts), certificate.serial_number)


def root_sn(certificates: Iterable[x509.Certificate]) -> str:
    """
    The SNs of the RSA roots, joined; roots on elliptic curves do not count.

    Facts: alipay/cert-mode
    """
    return "_".join(
        certificate_sn(one) for one in certificates if one.signature_algorithm_oid.dotted_string.startswith(_RSA_OIDS)
    )


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """All certificates of a PEM file, in its order."""
    return x509.load_pem_x509_certificates(pem)


@dataclass(frozen=True, slots=True)
class Authority:
    """A root that signs: its certificate and its key."""

    certificate: x509.Certificate
    key: RSAPrivateKey


def root_authority(key: RSAPrivateKey, *, name: str) -> Authority:
    """A root of the simulated platform."""
    return Authority(_signed(key.public_key(), subject=_name(name), issuer=_name(name), key=key, is_root=True), key)


def curve_root(*, name: str) -> x509.Certificate:
    """
    A root on an elliptic curve, as the real file has some: whoever counts it gets another root SN.

    Facts: alipay/cert-mode
    """
    key = generate_private_key(SECP256R1())
    return _signed(key.public_key(), subject=_name(name), issuer=_name(name), key=key, is_root=True)


def issued(authority: Authority, key: RSAPublicKey, *, name: str) -> x509.Certificate:
    """A certificate for somebody's key."""
    return _signed(key, subject=_name(name), issuer=authority.certificate.subject, key=authority.key, is_root=False)


def pem_of(*certificates: x509.Certificate) -> str:
    """
    PEM blocks with a blank line between them, without which one SDK sees the first alone.

    Facts: alipay/cert-mode
    """
    return "\n".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def _name(common: str) -> x509.Name:
    values = ("CN", "payproof", "Simulated Alipay", common)
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in zip(_NAMED_BY, values, strict=True)])


def _signed(
    public: RSAPublicKey | EllipticCurvePublicKey,
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: RSAPrivateKey | EllipticCurvePrivateKey,
    is_root: bool,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
    )
    return builder.sign(key, SHA256())
