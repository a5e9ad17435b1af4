"""
A day's bill against the books.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability
from harness.verdict import Level

RECONCILE = frozenset({Ability.RECONCILE})
BILLS = ("alipay/bills", "wechatpay/bill-format", "unionpay/file-columns")


def _rule(name: str, text: str, *more: Ability) -> Requirement:
    return Requirement(f"reconciliation/{name}", text, facts=BILLS, needs=RECONCILE | frozenset(more))


REQUIREMENTS = (
    _rule("true-bill-agrees", "A day on which nothing went wrong is compared without a difference."),
    _rule("comes-to-an-end", "A day whose bill is there is compared, at once or after a while."),
    _rule("refunds-agree", "A day with refunds is compared without a difference as well.", Ability.REFUND),
    _rule("missing-row-told", "A payment that the bill lacks is told."),
    _rule("extra-row-told", "A row of the bill that no order here explains is told."),
    _rule("amount-told", "A payment that stands in the bill with another amount is told."),
    _rule("empty-bill-told", "A bill without rows of a day with payments is told, not taken for agreement."),
    _rule("refund-elsewhere-told", "A refund that the day's bill lacks is told.", Ability.REFUND),
    _rule("refund-amount-told", "A refund that stands in the bill with another amount is told.", Ability.REFUND),
    _rule("nothing-by-the-bill", "Nothing is booked, and no money moves, only because a bill says so."),
    _rule("lost-payment-found", "A payment of which the gateway never heard is found by the bill: told, or booked."),
    _rule("again-harmless", "A day that is compared several times, also at the same moment, moves no money twice."),
    _rule("beijing-day", "A day is a day in Beijing: payments around midnight stand in the bill where they belong."),
    _rule("no-bill-no-agreement", "A bill that is not there yet is waited for: the day is not told as compared."),
    Requirement(
        "reconciliation/day-not-over",
        "A day that is not over is not told as compared.",
        level=Level.SHOULD,
        facts=BILLS,
        needs=RECONCILE,
    ),
)
