"""
Differences planted in bills: how one merchant's bill of one day shall differ from the book, on request.

They are kept with the book, and a provider asks for them when it writes a bill; the book itself stays true.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DifferenceKind(StrEnum):
    """What is wrong with the bill."""

    MISSING_ROW = "missing_row"
    EXTRA_ROW = "extra_row"
    AMOUNT = "amount"
    FEE = "fee"
    REFUND_OTHER_DAY = "refund_other_day"
    EMPTY_BILL = "empty_bill"


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One planted difference.

    Args:
        day: the bill's, in the platform's own time zone.
        out_trade_no: whose row; "" takes the bill's first row that fits.
        add_fen: by how much an amount or a fee is off.
    """

    provider: str
    merchant_id: str
    day: date
    kind: DifferenceKind
    out_trade_no: str = ""
    add_fen: int = 1


class Planted:
    """All differences of a run, in the order in which they were planted."""

    def __init__(self) -> None:
        self._all: list[Difference] = []

    def __iter__(self) -> Iterator[Difference]:
        return iter(self._all)

    def add(self, difference: Difference) -> None:
        """One more."""
        self._all.append(difference)

    def of(self, provider: str, merchant_id: str, day: date) -> list[Difference]:
        """Those of one bill."""
        bill = (provider, merchant_id, day)
        return [one for one in self._all if (one.provider, one.merchant_id, one.day) == bill]

    def clear(self) -> None:
        """Bills tell the truth again."""
        self._all.clear()
