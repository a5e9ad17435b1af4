"""
Payments that are told in another way than most: with a coupon in them, or as finished, once or from the first.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import KEPT, Check, Rule, Ruling, Story, each_order
from harness.checks.books import account_of, disagreements, told_by
from harness.checks.notify import TOLD_OTHERWISE, never_acked
from harness.checks.occasions import paid, struck_by

FLAWED_SUCCESS = "notify/flawed-success"
COUPON, FINISHED, LATER = "money/paid-by-coupon", "notify/finished-is-paid", "notify/finished-later"


def taken_for_paid(fault: str, *, again: bool = False) -> Rule:
    """
    A rule: a payment that is told as *fault* has it, by notifies or by answers, is one like any other; that it was
    found by asking excuses no refused notify.

    Args:
        again: told so once more, of a payment that has been told.
    """
    kinds = ("duplicate",) if again else ("true",)

    def rule(story: Story) -> Iterator[Ruling]:
        told = [line for line in story.arrived(*kinds) if fault in line.value.get("faults", ())]
        asked = () if again else tuple(struck_by(fault)(story))
        if not paid(story) or account_of(story) is None or not (told or asked):
            return
        refused = [line for line in told if TOLD_OTHERWISE.isdisjoint(line.value["faults"])]
        apart = disagreements(story)
        if apart:
            yield told_by(story, apart[0], *(*told, *asked)[:1])
        elif refused and not any(line.value["acked"] for line in told):
            yield never_acked(refused)
        else:
            yield KEPT

    return rule


CHECKS: Mapping[str, Check] = {
    COUPON: each_order(COUPON, taken_for_paid("coupon"), witness="nobody paid with a coupon"),
    FINISHED: each_order(FINISHED, taken_for_paid("says_finished"), witness="no payment was told as finished"),
    FLAWED_SUCCESS: each_order(
        FLAWED_SUCCESS, taken_for_paid("says_flawed"), witness="no payment was a success with a defect"
    ),
    LATER: each_order(
        LATER, taken_for_paid("says_finished", again=True), witness="no payment was told as finished afterwards"
    ),
}
