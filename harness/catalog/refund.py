"""
Money on its way back.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability

REFUND = frozenset({Ability.REFUND})
# Who has a word for a refund that is neither made nor failed: ABNORMAL, and CHANGE.
STUCK = ("wechatpay_v3", "wechatpay_v2")


def _rule(name: str, text: str, *facts: str) -> Requirement:
    return Requirement(f"refund/{name}", text, facts=facts, needs=REFUND)


REQUIREMENTS = (
    _rule("books-agree", "The refunds in the gateway's books are the refunds in the provider's."),
    _rule("never-above-paid", "Refunds of a payment never exceed what was paid."),
    _rule("in-full", "A payment is refunded in full, and the books of both sides say so."),
    _rule("in-part", "A payment is refunded in part, and the rest stays paid."),
    _rule("in-parts", "Several part refunds up to the whole amount all happen, each once."),
    _rule("above-refused", "A refund above what is left is refused, and moves no money."),
    _rule("other-amount-refused", "A refund number that stands for another amount is refused.", "wechatpay/refund"),
    _rule(
        "number-of-another-order",
        "A refund under a number that another order's refund has is made, or refused: never told as done for it.",
    ),
    Requirement(
        "refund/status-fits",
        "A payment of which a part went back is told as refunded in part, and one that all went back of as in full.",
        needs=REFUND,
        moot="the gateway tells no more of refunds than their amount",
    ),
    _rule("unpaid-refused", "A refund of an order that nobody has paid is refused."),
    _rule("nothing-refused", "A refund of nothing, or of less, is refused, and moves no money."),
    _rule(
        "refused-then-anew",
        "A refund that the provider refuses is made later, or told as failed and made when it is asked for anew.",
    ),
    Requirement(
        "refund/refused-after-doubt",
        "A refund whose answer never came, and whose repetition is refused, ends as the provider's book says.",
        needs=REFUND,
        moot="the gateway asks how a refund ended before it repeats it",
    ),
    _rule(
        "failed-later",
        "A refund that fails after it was accepted is not counted as refunded, and its money goes back when it is "
        "asked for anew.",
        "wechatpay/refund-states",
        "unionpay/back-type",
        "alipay/unknown-outcome",
    ),
    Requirement(
        "refund/stuck-is-neither",
        "A refund that is stuck on its way is not told as done, and its money is not refunded a second time.",
        facts=("wechatpay/refund-states",),
        channels=STUCK,
        needs=REFUND,
    ),
    _rule("answer-about-another", "A refund is neither done nor failed by an answer about another refund."),
    _rule("answer-other-amount", "A refund is not done by an answer about another amount."),
    _rule("at-once-never-above", "Refunds that are asked for at the same moment never exceed together what was paid."),
    _rule("same-number-at-once", "One refund asked for several times at the same moment moves money once."),
    _rule(
        "unknown-same-number",
        "A refund whose outcome is unknown is repeated under its own number only.",
    ),
    _rule("no-answer-settled", "A refund whose answer never came ends as the provider's book says."),
    _rule("cut-before-settled", "A refund that never reached the provider is made in the end, or told as failed."),
    _rule("torn-settled", "A refund whose connection was torn after the work ends as the provider's book says."),
    _rule("system-error-settled", "A refund that was answered with a system error ends as the provider's book says."),
    _rule("server-error-settled", "A refund that was answered with a server error ends as the provider's book says."),
    _rule("garbled-settled", "A refund whose answer cannot be read ends as the provider's book says."),
    _rule("unsigned-settled", "A refund whose answer is not signed ends as the provider's book says."),
    _rule("busy-settled", "A refund that the provider was too busy for is made in the end, or told as failed."),
    _rule("notice-no-payment", "The notice of a refund is not booked as another payment."),
    _rule(
        "notice-acked",
        "The notice of a refund of a payment that the gateway knows is acknowledged in the end.",
        "alipay/notify-ack",
        "wechatpay/notify-ack",
    ),
    _rule("notice-before-payment", "The notice of a refund that overtakes the notice of its payment harms neither."),
)
