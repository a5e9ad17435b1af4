"""
The cards of the vendor's test platform, and what an issuer says to what is claimed about them.

Facts: unionpay/test-constants
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_SMS_CODES = frozenset({"123456", "111111"})


@dataclass(frozen=True, slots=True)
class Card:
    """
    One card.

    Args:
        expired: YYMM, as it is embossed; the test platform's cards pay on.
    """

    number: str
    holder: str
    phone: str = "13552535506"
    pin: str = "123456"
    expired: str = "2311"
    cvn2: str = "123"
    identity: str = "341126197709218366"
    kind: str = "01"

    def objection(self, claimed: Mapping[str, str]) -> str:
        """
        The code with which the issuer refuses, "" where all that is claimed is true; what is not claimed is not asked.

        Facts: unionpay/resp-codes
        """
        if not claimed:
            return ""
        secret = {"pin": self.pin, "cvn2": self.cvn2, "expired": self.expired}
        person = {"phoneNo": self.phone, "certifId": self.identity, "customerNm": self.holder}
        if any(claimed.get(name, right) != right for name, right in secret.items()):
            return "65"
        if any(claimed.get(name, right) != right for name, right in person.items()):
            return "66"
        code = claimed.get("smsCode")
        return "71" if code is not None and code not in _SMS_CODES else ""


CARDS: Mapping[str, Card] = MappingProxyType(
    {
        card.number: card
        for card in (Card("6221558812340000", "互联网"), Card("6216261000000000018", "全渠道", kind="02"))
    }
)
# What a buyer at the cashier, or behind a QR code, pays with.
USUAL = CARDS["6221558812340000"]
