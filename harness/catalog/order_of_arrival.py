"""
Things that arrive in another order than they happened in.
"""

from harness.catalog.base import Requirement

REQUIREMENTS = (
    Requirement(
        "order-of-arrival/notify-before-answer",
        "A notify that overtakes the answer to the opening counts, and the late answer takes nothing back.",
    ),
    Requirement("order-of-arrival/later-rung-first", "A notify that is overtaken by a later one harms nothing."),
    Requirement(
        "order-of-arrival/paid-while-asking", "Money that arrives by notify while the gateway asks is credited once."
    ),
    Requirement(
        "order-of-arrival/paid-before-answer", "A buyer who pays before the gateway knows of the trade is credited."
    ),
    Requirement(
        "order-of-arrival/stale-answer",
        "An answer that says that nobody has paid, and arrives after the payment's notify, takes nothing back.",
        moot="the gateway takes no news of an order while it asks about it",
    ),
    Requirement("order-of-arrival/refund-notice-first", "A refund's notice before its payment's harms neither."),
    Requirement(
        "order-of-arrival/across-midnight",
        "A payment notified on the next day is the same payment.",
        facts=("unionpay/settle-date",),
    ),
)
