"""
Things at the same moment.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import Check, Ruling, Story, family
from harness.checks.books import still_right
from harness.checks.idempotency import one_payment
from harness.checks.occasions import marked


def clicks_at_once(story: Story) -> Iterator[Ruling]:
    """
    One payment came of all the clicks, and its books agree.
    """
    met = marked("clicks-at-once")
    if met(story):
        yield from still_right(met)(story)
        yield from one_payment(story)


CHECKS: Mapping[str, Check] = family(
    "concurrency",
    ("notifies-at-once", still_right(marked("notifies-at-once")), "no copies of a notify came at the same moment"),
    (
        "clicks-at-once",
        clicks_at_once,
        "no order was asked for several times at the same moment",
    ),
    ("refunds-at-once", still_right(marked("refunds-at-once")), "no refunds met each other"),
    ("notify-and-query-at-once", still_right(marked("paid-while-asking")), "no notify met a query"),
    ("many-buyers", still_right(marked("many-buyers")), "the buyers came one by one"),
)
