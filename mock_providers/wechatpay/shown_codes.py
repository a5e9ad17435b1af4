"""
What a shown payment code (付款码) leads to, in both APIs.

A code has 18 digits of which the first two are 10 to 15. What happens stands in its last four digits, so that a caller
can play every case; every other ending pays at once.

Facts: wechatpay/v2-micropay, wechatpay/v2-shown-codes
"""

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

_CODE = re.compile(r"1[0-5]\d{16}", re.ASCII)
# Above this the buyer is asked for the password.
PASSWORD_ABOVE_FEN = 100_000


class Outcome(Enum):
    """What becomes of a payment by code."""

    PAID = "paid"
    PASSWORD = "the password is asked for and given"  # noqa: S105
    PASSWORD_NEVER = "the password is asked for and never given"  # noqa: S105
    PAYERROR = "the bank refuses"
    NOT_ENOUGH = "no money"
    CARD = "no such card"
    BUYER_MISMATCH = "another buyer"
    EXPIRED = "the code is old"
    ERROR = "the code is damaged"
    INVALID = "the code is none"
    BANK_ERROR = "paid, and the bank did not say so"
    SYSTEM_ERROR = "paid, and the platform did not say so"


ENDINGS: Mapping[str, Outcome] = MappingProxyType(
    {
        "9990": Outcome.PASSWORD,
        "9991": Outcome.PASSWORD_NEVER,
        "9992": Outcome.PAYERROR,
        "9993": Outcome.NOT_ENOUGH,
        "9994": Outcome.EXPIRED,
        "9995": Outcome.ERROR,
        "9996": Outcome.BANK_ERROR,
        "9997": Outcome.SYSTEM_ERROR,
        "9998": Outcome.CARD,
        "9999": Outcome.BUYER_MISMATCH,
    }
)


def outcome_of(auth_code: str, total_fen: int) -> Outcome:
    """
    Args:
        total_fen: large payments ask for the password.

    Facts: wechatpay/v2-shown-codes
    """
    if not _CODE.fullmatch(auth_code):
        return Outcome.INVALID
    said = ENDINGS.get(auth_code[-4:])
    if said is None:
        return Outcome.PASSWORD if total_fen > PASSWORD_ABOVE_FEN else Outcome.PAID
    return said
