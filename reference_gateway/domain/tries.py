"""
The numbers of an order's tries: its own for the first, its own with T and the try behind it for each after that.

A channel that tells once how a trade is paid may lose that answer; the order is then tried again under a number of its
own, and whatever the channel says of either number names the order.
"""

from __future__ import annotations

import re

TRIES_MAX = 9
_LATER = re.compile(r"(G[0-9a-f]{24})T([2-9])", re.ASCII)


def number_of_try(out_trade_no: str, try_no: int) -> str:
    """Return the number under which the channel knows this try."""
    return out_trade_no if try_no == 1 else f"{out_trade_no}T{try_no}"


def order_and_try(number: str) -> tuple[str, int]:
    """Return the order's own number and the try that *number* stands for."""
    match = _LATER.fullmatch(number) if "T" in number else None
    return (number, 1) if match is None else (match.group(1), int(match.group(2)))
