"""
A throwaway certificate authority that can vouch for the vendors' hosts and for nobody else.

Its key lives in this object only and is never written: once the object is gone, nobody can make another certificate
that its users trust. The name constraints bind verifiers that look at them even if the key had leaked.
"""

from datetime import datetime, timedelta
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_providers.front.hosts import permitted

# Apple's limit for what a server shows, also under a root that its user has added.
LIFETIME = timedelta(days=820)
_BACKDATED = timedelta(days=1)


class Authority:
    """
    An authority and what it signs.

    Args:
        now: everything is valid from the day before, for clocks that differ.
    """

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = generate_private_key(SECP256R1())
        self.certificate = self._own_certificate()

    @property
    def expires_at(self) -> datetime:
        """When nothing of this is valid any more."""
        return self.certificate.not_valid_after_utc

    def issue(self, names: tuple[str, ...]) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
        """
        A server's key and certificate. Whether *names* are permitted is the verifier's to say.
        """
        key = generate_private_key(SECP256R1())
        issuer = self.certificate.subject
        builder = (
            self._builder(_name(names[0]), issuer=issuer)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(self._authority_key_identifier(), critical=False)
        )
        return key, builder.sign(self._key, hashes.SHA256())

    def _own_certificate(self) -> x509.Certificate:
        public = self._key.public_key()
        name = _name("payproof throwaway authority")
        builder = (
            self._builder(name, issuer=name)
            .public_key(public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(_constraints(), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(self._authority_key_identifier(), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256())

    def _authority_key_identifier(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())

    def _builder(self, subject: x509.Name, *, issuer: x509.Name) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _BACKDATED)
            .not_valid_after(self._now - _BACKDATED + LIFETIME)
        )


def _constraints() -> x509.NameConstraints:
    """A permitted list of names says nothing about addresses, so these are excluded by themselves."""
    return x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(name) for name in permitted()],
        excluded_subtrees=[x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))],
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "payproof, for tests only"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
