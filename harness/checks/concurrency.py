"""
Things at the same moment.
"""

from collections.abc import Mapping

from harness.checks.base import Check, family
from harness.checks.books import still_right
from harness.checks.occasions import marked

CHECKS: Mapping[str, Check] = family(
    "concurrency",
    ("notifies-at-once", still_right(marked("notifies-at-once")), "no copies of a notify came at the same moment"),
    (
        "clicks-at-once",
        still_right(marked("clicks-at-once")),
        "no order was asked for several times at the same moment",
    ),
    ("refunds-at-once", still_right(marked("refunds-at-once")), "no refunds met each other"),
    ("notify-and-query-at-once", still_right(marked("paid-while-asking")), "no notify met a query"),
    ("many-buyers", still_right(marked("many-buyers")), "the buyers came one by one"),
)
