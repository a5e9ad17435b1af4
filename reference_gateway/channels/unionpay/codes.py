"""
What UnionPay's respCodes mean for money, as one table.

The codes are the vendor's; a code that stands nowhere here is an outcome that nobody knows.

Facts: unionpay/resp-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Meaning(StrEnum):
    """
    DONE: it succeeded, or was accepted. REFUSED: it was not done, and will not be. LATER: it was not done, and may be
    repeated. TWICE: it came before, so ask how that went. MISSING: nobody has it, yet. LATE: paid after its time, and
    going back by itself. UNKNOWN: ask.
    """

    DONE = "done"
    REFUSED = "refused"
    LATER = "later"
    TWICE = "twice"
    MISSING = "missing"
    LATE = "late"
    UNKNOWN = "unknown"


QUERY_LADDER_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""
When to ask after no answer, or after 03, 04 or 05; then wider, until the day's file has decided.

Facts: unionpay/query-plan
"""

_TOLD: Mapping[Meaning, str] = {
    Meaning.DONE: "00 A6",
    # 11: our own certificate or key is not taken; what was sent before has not failed, and this was not done.
    # 37: too many queries. 02, 39: closed for now.
    Meaning.LATER: "02 11 37 39",
    Meaning.TWICE: "12",
    Meaning.MISSING: "34",
    Meaning.LATE: "42",
    # 75 has debited the cardholder, 74 perhaps: only the bill knows.
    Meaning.UNKNOWN: "03 04 05 06 70 74 75 83",
    Meaning.REFUSED: (
        "01 10 13 14 30 31 32 33 35 36 38 40 41 43 44 45 "
        "60 61 62 63 64 65 66 67 68 69 71 72 73 76 77 78 80 81 82 84 87 89"
    ),
}

MEANINGS: Mapping[str, Meaning] = {code: meaning for meaning, codes in _TOLD.items() for code in codes.split()}


def meaning_of(code: str) -> Meaning:
    """Sort a code; what nobody knows is UNKNOWN."""
    return MEANINGS.get(code, Meaning.UNKNOWN)
