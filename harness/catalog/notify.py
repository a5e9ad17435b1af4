"""
Notifies, and what the platform hears.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability

WEBHOOKS = frozenset({Ability.WEBHOOKS})
LADDERS = ("alipay/notify-ladder", "wechatpay/notify-ladder", "unionpay/notify-retries")

# Who has a word for a payment that can be refunded no more.
FINISHING = ("alipay", "alipay_v3")

# Who has a code for a payment that was made and is to be looked at.
FLAWING = ("unionpay_rsa", "unionpay_keyed", "unionpay_sm2")

REQUIREMENTS = (
    Requirement("notify/acked-is-known", "What was acknowledged is known, also after a crash."),
    Requirement("notify/duplicate-acked", "A notify that was acknowledged is acknowledged when it comes again."),
    Requirement(
        "notify/true-is-acked", "A true notify of a payment that the gateway knows is acknowledged in the end."
    ),
    Requirement("notify/nothing-lost", "What the buyer paid ends as paid or as refunded at the gateway."),
    Requirement("notify/platform-told-once", "The platform is told of a payment once in effect.", needs=WEBHOOKS),
    Requirement("notify/platform-told-amount", "The platform is told the amount that was paid.", needs=WEBHOOKS),
    Requirement(
        "notify/platform-told-again",
        "A webhook that the platform did not take comes again until it is taken.",
        needs=WEBHOOKS,
    ),
    Requirement("notify/none-came", "A payment whose notifies were all lost is found by asking.", facts=LADDERS),
    Requirement(
        "notify/first-rungs-lost",
        "A payment whose first notifies were lost counts when a later one comes.",
        facts=LADDERS,
    ),
    Requirement("notify/a-day-late", "A notify that comes a day late is accepted.", facts=LADDERS),
    Requirement("notify/days-later-again", "A notify that comes again days later is acknowledged without effect."),
    Requirement("notify/slow-reader", "A platform that reads the acknowledgement slowly hears it all the same."),
    Requirement(
        "notify/old-one-again",
        "An old notify that is replayed after a refund does not undo the refund, nor credit again.",
    ),
    Requirement("notify/another-merchants", "A notify for another merchant is not acknowledged and credits nothing."),
    Requirement("notify/another-apps", "A notify for another app of ours is not acknowledged and credits nothing."),
    Requirement(
        "notify/another-channels",
        "A notify of one channel that names an order over another channel credits nothing.",
        facts=("alipay/notify-duties", "wechatpay/notify-objects", "unionpay/notify-fields"),
        moot="the gateway has no channel of another provider's",
    ),
    Requirement(
        "notify/flawed-success",
        "A payment that is told as a success with a defect (A6) is one like any other.",
        facts=("unionpay/resp-codes",),
        channels=FLAWING,
    ),
    Requirement(
        "notify/failed-is-not-paid",
        "A notify that says that a payment failed is no payment, whatever amount stands in it.",
        facts=("alipay/notify-fields", "wechatpay/v2-payment-notice", "unionpay/resp-codes"),
        channels=("alipay", "alipay_v3", "wechatpay_v2", "unionpay_rsa", "unionpay_keyed", "unionpay_sm2"),
    ),
    Requirement(
        "notify/finished-is-paid",
        "A payment that is told as finished, because it cannot be refunded, is one like any other.",
        facts=("alipay/states",),
        channels=FINISHING,
    ),
    Requirement(
        "notify/finished-later",
        "The news that a payment is finished, long after it was made, is acknowledged and credits nothing.",
        facts=("alipay/states", "alipay/notify-id"),
        channels=FINISHING,
    ),
    Requirement("notify/unknown-order", "A notify about an order that does not exist credits nothing."),
    Requirement(
        "notify/odd-text",
        "An order whose text has Chinese, plus or percent signs, commas or quotes is paid and credited like any other.",
        facts=("alipay/notify-content-type",),
    ),
    Requirement(
        "notify/platform-long-down",
        "A platform that refuses the news of a payment six times hears of it all the same.",
        needs=WEBHOOKS,
    ),
    Requirement(
        "notify/platform-one-not-all",
        "News that the platform refuses again and again keep no news of other payments back.",
        needs=WEBHOOKS,
    ),
    Requirement("notify/platform-events-distinct", "No two things are told under one event id.", needs=WEBHOOKS),
)
