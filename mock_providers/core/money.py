"""Money as integer fen, and the one place where yuan texts are read and written; knows no currency but CNY."""

import re
from decimal import Decimal
from typing import NewType

Fen = NewType("Fen", int)

_YUAN_TEXT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?", re.ASCII)


def yuan_text(amount_fen: int) -> str:
    """
    Returns:
        Yuan with exactly two decimals, "1.00".

    Facts: alipay/amounts
    """
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{sign}{whole}.{rest:02d}"


def fen_from_yuan(value: object) -> Fen:
    """
    Read an amount that arrived as text or as a JSON number.

    Args:
        value: yuan as str, int or Decimal; floats are refused because they never were exact.

    Raises:
        ValueError: not an amount, negative, or with more than two decimals.

    Facts: alipay/amounts
    """
    text = _plain_text(value)
    if not _YUAN_TEXT.fullmatch(text):
        raise ValueError("an amount has at most two decimals and no sign")
    whole, _, rest = text.partition(".")
    return Fen(int(whole) * 100 + int(rest.ljust(2, "0")))


def _plain_text(value: object) -> str:
    """Digits and a point, or "" for what is no amount; absurd exponents are not written out digit by digit."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}" if -9 < value.adjusted() < 13 else ""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12 else ""
