"""
Whose certificate an answer or a notify carries: dates, the chain to the middle and the root that we were given, the
company's name. RSA and SM2 differ in one function, which asks whether one certificate was signed by another.

Facts: unionpay/answer-certificate, unionpay/chain-rules, unionpay/certificates
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from reference_gateway.channels.unionpay import der, sm2
from reference_gateway.channels.unionpay.sm2_libcrypto import raw_of_der
from reference_gateway.errors import SettingsRefused, SignatureRejected

COMPANY = "中国银联股份有限公司"
SM2_WITH_SM3 = "1.2.156.10197.1.501"
# The algorithm of a public key on SM2's curve, as DER spells it.
_SM2_ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a811ccf5501822d")
KNOWN_MAX = 16

IsSignedBy = Callable[[x509.Certificate, x509.Certificate], bool]


def signed_by_rsa(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether *issuer* signed *certificate*, with RSA."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def signed_by_sm2(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """
    Tell whether *issuer* signed *certificate*, with SM2 and SM3 under the usual user id.

    Facts: unionpay/sm2
    """
    named = certificate.issuer == issuer.subject
    if not named or certificate.signature_algorithm_oid.dotted_string != SM2_WITH_SM3:
        return False
    try:
        signature, point = raw_of_der(certificate.signature), point_of(issuer)
    except (ValueError, IndexError, OverflowError):
        return False
    text = certificate.tbs_certificate_bytes
    return sm2.engine().verify(point, text, signature=signature, user_id=sm2.CERTIFICATE_USER)


def point_of(certificate: x509.Certificate) -> bytes:
    """
    Return the SM2 point of a certificate; `cryptography` reads no such key.

    Raises:
        ValueError: it has another kind of key.
    """
    parts = der.inside(certificate.tbs_certificate_bytes)
    key = parts[6 if parts[0].tag == der.VERSION else 5]
    algorithm, bits = der.elements(key.content)
    point = bits.content[1:]
    if algorithm.whole != _SM2_ALGORITHM or len(point) != 65 or point[0] != 4:
        raise ValueError("the certificate has no SM2 key")
    return point


@dataclass(frozen=True)
class Checked:
    """A certificate and what is read out of it once, not for each message: its key, its number, its dates."""

    certificate: x509.Certificate

    @cached_property
    def rsa_key(self) -> rsa.RSAPublicKey:
        """Its key; SignatureRejected when it has none of RSA."""
        key = self.certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise SignatureRejected("the certificate has no RSA key")
        return key

    @cached_property
    def sm2_point(self) -> bytes:
        """Its point; SignatureRejected when it has none of SM2."""
        try:
            return point_of(self.certificate)
        except (ValueError, IndexError) as error:
            raise SignatureRejected("the certificate has no SM2 key") from error

    @cached_property
    def number(self) -> str:
        return str(self.certificate.serial_number)

    @cached_property
    def dates(self) -> tuple[datetime, datetime]:
        """The first and the last moment at which it is in date."""
        return self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc


class Chain:
    """A root and a middle that we trust, and the leaves that were checked against them, by their whole text."""

    def __init__(self, *, root: x509.Certificate, middle: x509.Certificate, is_signed_by: IsSignedBy) -> None:
        if not (is_signed_by(root, root) and is_signed_by(middle, root)):
            raise SettingsRefused(
                "the UnionPay middle certificate is not signed by the root; give the pair of one pack"
            )
        self._root, self._middle, self._is_signed_by = Checked(root), Checked(middle), is_signed_by
        self._known: OrderedDict[str, Checked] = OrderedDict()

    def leaf(self, pem: str, now: datetime) -> Checked:
        """
        Return the certificate in *pem* when it is UnionPay's own and in date.

        Raises:
            SignatureRejected: out of date, of another chain or another name.

        Facts: unionpay/chain-rules
        """
        leaf = self._known.get(pem)
        if leaf is None:
            leaf = Checked(self.member(pem, now))
            if _company(leaf.certificate) != COMPANY:
                raise SignatureRejected("the certificate is not the company's")
            self._known[pem] = leaf
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        self._refuse_out_of_date(leaf, now)
        return leaf

    def member(self, pem: str, now: datetime) -> x509.Certificate:
        """Return the certificate in *pem* when it is in date and of this chain, whatever its name."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        except ValueError as error:
            raise SignatureRejected("what stands for a certificate is none") from error
        if not self._is_signed_by(certificate, self._middle.certificate):
            raise SignatureRejected("the certificate is of another chain")
        self._refuse_out_of_date(Checked(certificate), now)
        return certificate

    def _refuse_out_of_date(self, leaf: Checked, now: datetime) -> None:
        for one in (leaf, self._middle, self._root):
            starts_at, ends_at = one.dates
            if not starts_at <= now <= ends_at:
                raise SignatureRejected("a certificate of the chain is out of date")


def _company(certificate: x509.Certificate) -> str:
    """Return the third part of the common name; empty where there is none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    parts = str(names[0].value).split("@") if names else []
    return parts[2] if len(parts) > 2 else ""
