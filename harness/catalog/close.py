"""
Orders that end without money.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability

CLOSE = frozenset({Ability.CLOSE})
# UnionPay has no call that ends a trade.
ENDABLE = ("alipay", "alipay_v3", "wechatpay_v3", "wechatpay_v2")
ENDS = ("alipay/close", "wechatpay/close", "unionpay/pay-timeout")
TIMEOUTS = ("alipay/timeouts", "wechatpay/time-expire", "unionpay/pay-timeout")


def _rule(name: str, text: str, *facts: str) -> Requirement:
    return Requirement(f"close/{name}", text, facts=facts, needs=CLOSE)


def _answered(name: str, text: str) -> Requirement:
    return Requirement(f"close/{name}", text, facts=("alipay/close", "wechatpay/close"), channels=ENDABLE, needs=CLOSE)


REQUIREMENTS = (
    _rule("provider-first", "An order that is told as closed can no longer be paid at the provider.", *ENDS),
    _answered("ends-closed", "An unpaid order that is closed ends closed."),
    _rule("twice-harmless", "An order that is closed twice, or twice at the same moment, is closed once."),
    _rule("paid-stays-paid", "An order that was paid is not closed by a merchant's word: it stays paid, or goes back."),
    _rule("found-paid", "An order that was paid without a notify is found paid when it is to be closed."),
    _rule("paid-at-once", "An order that is paid while it is closed ends paid or refunded (20 orders)."),
    _rule("paid-late", "Money that arrives after an order was closed is given back, or the order is revived."),
    _rule(
        "late-refund-settled",
        "Money that arrives too late goes back once, though the call that gives it back is not answered, or refused.",
    ),
    _rule("notify-after", "A notify that comes after its order was closed is neither lost nor credited twice."),
    _rule("nothing-credited", "An order that was closed, and that nobody paid, has credited nothing."),
    _rule(
        "asked-again",
        "An order that is asked for again after its close has nothing to pay that nobody knows of.",
    ),
    _rule("refund-refused", "A refund of an order that was closed unpaid is refused."),
    _rule("stays-closed", "An order that was closed, and that nobody paid, is not told as open again."),
    _rule(
        "unanswered-opening",
        "An order whose opening was not answered is closed at the provider too, where it is there.",
    ),
    _answered(
        "overtakes-opening",
        "An order that is closed while it is being opened can no longer be paid once it is told as closed.",
    ),
    _answered("no-answer", "A close that was not answered is asked again: the order ends as the book says."),
    _answered("torn", "A close whose connection was torn is asked again: the order ends as the book says."),
    _answered("system-error", "A close that met a system error is asked again: the order ends as the book says."),
    _answered(
        "still-paying",
        "A close that is put off, because the buyer is just paying, is asked again: the order ends as the book says.",
    ),
    _answered("not-believed", "A close whose answer's signature does not match is not believed."),
    Requirement(
        "close/times-out",
        "An order that nobody pays ends when its time is over, at the provider as here.",
        facts=TIMEOUTS,
    ),
    Requirement(
        "close/paid-before-timeout",
        "An order whose time is over is closed only after the provider was asked: a payment without a notify is found.",
        facts=TIMEOUTS,
    ),
    Requirement(
        "close/late-after-timeout",
        "Money that arrives after an order's time was over is given back, or the order is revived.",
        facts=TIMEOUTS,
    ),
)
