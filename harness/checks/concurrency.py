"""
Things at the same moment.
"""

from collections.abc import Mapping

from harness.checks.base import Check, each_order
from harness.checks.books import still_right
from harness.checks.occasions import marked


def _check(name: str, mark: str, witness: str) -> tuple[str, Check]:
    return f"concurrency/{name}", each_order(f"concurrency/{name}", still_right(marked(mark)), witness=witness)


CHECKS: Mapping[str, Check] = dict(
    (
        _check("notifies-at-once", "notifies-at-once", "no copies of a notify came at the same moment"),
        _check("clicks-at-once", "clicks-at-once", "no order was asked for several times at the same moment"),
        _check("refunds-at-once", "refunds-at-once", "no refunds met each other"),
        _check("notify-and-query-at-once", "paid-while-asking", "no notify met a query"),
        _check("many-buyers", "many-buyers", "the buyers came one by one"),
    )
)
