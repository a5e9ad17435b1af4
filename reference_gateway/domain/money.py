"""
Money: integer fen, and the yuan texts that channels write.

No float ever touches an amount; a text that is not exactly a decimal number of yuan is refused, never rounded.

Facts: alipay/amounts
"""

from __future__ import annotations

import re
from typing import NewType

Fen = NewType("Fen", int)

NOTHING_FEN = Fen(0)

AMOUNT_FEN_MAX = 10_000_000_000
"""100,000,000 yuan, the most that a channel takes for one order."""

_YUAN = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,2}))?", re.ASCII)


def fen_of_yuan_text(amount_yuan_text: str) -> Fen:
    """
    Read a channel's amount: `88.8`, `88.80` and `88` are right, everything else is refused.

    Raises:
        ValueError: not a plain decimal with at most two places.
    """
    match = _YUAN.fullmatch(amount_yuan_text)
    if match is None:
        raise ValueError(f"not an amount in yuan: {amount_yuan_text!r}")
    yuan, cents = match.groups(default="")
    return Fen(int(yuan) * 100 + int(cents.ljust(2, "0")))


def yuan_text_of_fen(amount_fen: int) -> str:
    """Write an amount as channels want it: exactly two places."""
    return f"{amount_fen // 100}.{amount_fen % 100:02d}"
