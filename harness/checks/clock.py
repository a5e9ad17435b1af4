"""
Clocks that disagree.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import Check, Ruling, Story, each_order
from harness.checks.occasions import marked, notified
from harness.checks.signature import accepted, refused


def last_rung_accepted(story: Story) -> Iterator[Ruling]:
    """
    The only notify of a payment that came was the ladder's last.
    """
    met = marked("last-rung")(story)
    true = story.arrived("true", "duplicate")
    if met and true:
        yield Ruling(
            kept=any(line.value["acked"] for line in true),
            expected="acknowledged",
            actual="refused, and no other notify of this payment will come",
            evidence=(*met, true[-1]),
            money=f"order {story.order}: the last notify of its payment was refused",
        )


CHECKS: Mapping[str, Check] = {
    "clock/stale-stamp-refused": each_order(
        "clock/stale-stamp-refused",
        refused(notified("replayed", fault="stale_timestamp")),
        witness="no notify came with an old stamp",
    ),
    "clock/small-skew-accepted": each_order(
        "clock/small-skew-accepted",
        accepted(notified("true", "duplicate", fault="clock_skew")),
        witness="the provider's clock was right",
    ),
    "clock/last-rung-accepted": each_order(
        "clock/last-rung-accepted", last_rung_accepted, witness="no ladder was climbed to its end"
    ),
}
