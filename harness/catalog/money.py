"""
Amounts.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability

LEDGER = frozenset({Ability.LEDGER})
TRADE_NO = frozenset({Ability.TRADE_NO})

# Who tells of coupons.
COUPONS = ("alipay", "alipay_v3", "wechatpay_v3", "wechatpay_v2")

REQUIREMENTS = (
    Requirement("money/credited-amount", "The amount credited is the amount that the buyer paid."),
    Requirement("money/credited-only-when-paid", "Nothing is credited that nobody paid."),
    Requirement("money/order-amount", "The trade is opened for the amount of the order."),
    Requirement("money/ledger-net", "The ledger is left with what was paid less what went back.", needs=LEDGER),
    Requirement("money/sums-zero", "The legs of every ledger transaction sum to zero.", needs=LEDGER),
    Requirement("money/trade-number", "A payment names the provider's trade that paid it.", needs=TRADE_NO),
    Requirement(
        "money/paid-twice",
        "An order that its buyer paid under two numbers is credited once, and the other payment goes back.",
        facts=("unionpay/chaos",),
        channels=("unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Requirement(
        "money/paid-over-two-channels",
        "An order that is asked for over one channel and then over another keeps one payment at most.",
        moot="the gateway has no channel of another provider's",
    ),
    Requirement(
        "money/paid-by-coupon",
        "An order of which a coupon paid a part is paid, and credited with its own amount, not with the buyer's part.",
        facts=("alipay/amounts", "wechatpay/query", "wechatpay/v2-payment-notice"),
        channels=COUPONS,
    ),
    Requirement("money/one-fen", "One fen is paid, credited and refunded as one fen."),
    Requirement("money/large-amount", "A large amount is credited to the fen."),
    Requirement(
        "money/wide-amount", "An amount that 32 bits cannot hold is credited to the fen, or its order is refused."
    ),
    Requirement("money/nothing-refused", "An order over nothing, or over less, is refused."),
    Requirement("money/uneven-amount", "An amount that binary fractions cannot hold is credited to the fen."),
    Requirement(
        "money/tampered-amount-refused", "A notify that names another amount than the order's is not acknowledged."
    ),
    Requirement(
        "money/other-currency-refused",
        "A notify that names the order's amount in another currency is neither acknowledged nor credited.",
        facts=("wechatpay/notify-objects", "wechatpay/v2-payment-notice", "unionpay/fields"),
        channels=("wechatpay_v3", "wechatpay_v2", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Requirement(
        "money/tampered-amount-not-credited", "A notify that names another amount than the order's credits nothing."
    ),
)
