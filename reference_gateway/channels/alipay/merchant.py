"""Who we are at Alipay: addresses, numbers, keys. Values only."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import rsa

from reference_gateway.channels.alipay.certificates import Certificates
from reference_gateway.channels.alipay.content import ContentCipher


@dataclass(frozen=True, slots=True)
class AlipayMerchant:
    """
    Who we are at Alipay, and where Alipay is.

    Attributes:
        gateway_url: the v2 gateway, to which browsers and phones are sent too.
        alipay_public_key: Alipay's key in public-key mode; in certificate mode the certificates hold it.
        certificates: given in certificate mode. Beside a public key they serve payouts alone, which Alipay refuses
            without.
        cipher: given where content is encrypted.
        v3_url: the root of OpenAPI v3, without a path.
    """

    gateway_url: str
    app_id: str
    seller_id: str
    private_key: rsa.RSAPrivateKey
    alipay_public_key: rsa.RSAPublicKey | None
    certificates: Certificates | None = None
    cipher: ContentCipher | None = None
    v3_url: str = ""

    def without_certificates(self) -> AlipayMerchant:
        """Return who makes every call but payouts."""
        return self if self.alipay_public_key is None else replace(self, certificates=None)
