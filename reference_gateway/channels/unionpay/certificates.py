"""
Whose certificate an answer or a notify carries: dates, the chain to the middle and the root that we were given, the
company's name. RSA and SM2 differ in one function, which asks whether one certificate was signed by another.

Facts: unionpay/answer-certificate, unionpay/chain-rules, unionpay/certificates
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
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


class Chain:
    """A root and a middle that we trust, and the leaves that were checked against them, by their whole text."""

    def __init__(self, *, root: x509.Certificate, middle: x509.Certificate, is_signed_by: IsSignedBy) -> None:
        if not (is_signed_by(root, root) and is_signed_by(middle, root)):
            raise SettingsRefused(
                "the UnionPay middle certificate is not signed by the root; give the pair of one pack"
            )
        self._root, self._middle, self._is_signed_by = root, middle, is_signed_by
        self._known: OrderedDict[str, x509.Certificate] = OrderedDict()

    def leaf(self, pem: str, now: datetime) -> x509.Certificate:
        """
        Return the certificate in *pem* when it is UnionPay's own and in date.

        Raises:
            SignatureRejected: out of date, of another chain or another name.

        Facts: unionpay/chain-rules
        """
        certificate = self._known.get(pem)
        if certificate is None:
            certificate = self.member(pem, now)
            if _company(certificate) != COMPANY:
                raise SignatureRejected("the certificate is not the company's")
            self._known[pem] = certificate
            if len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)
        self._refuse_out_of_date(certificate, now)
        return certificate

    def member(self, pem: str, now: datetime) -> x509.Certificate:
        """Return the certificate in *pem* when it is in date and of this chain, whatever its name."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        except ValueError as error:
            raise SignatureRejected("what stands for a certificate is none") from error
        if not self._is_signed_by(certificate, self._middle):
            raise SignatureRejected("the certificate is of another chain")
        self._refuse_out_of_date(certificate, now)
        return certificate

    def _refuse_out_of_date(self, leaf: x509.Certificate, now: datetime) -> None:
        for certificate in (leaf, self._middle, self._root):
            if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                raise SignatureRejected("a certificate of the chain is out of date")


def _company(certificate: x509.Certificate) -> str:
    """Return the third part of the common name; empty where there is none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    parts = str(names[0].value).split("@") if names else []
    return parts[2] if len(parts) > 2 else ""
