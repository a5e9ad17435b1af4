"""
Things that arrive in another order than they happened in harm nothing.
"""

from collections.abc import Mapping

from harness.checks.base import Check, family
from harness.checks.books import still_right
from harness.checks.occasions import answered, marked, struck

CHECKS: Mapping[str, Check] = family(
    "order-of-arrival",
    ("notify-before-answer", still_right(answered("before_response")), "no notify overtook an answer"),
    ("later-rung-first", still_right(struck("reorder")), "no notify was overtaken by a later one"),
    ("paid-while-asking", still_right(marked("paid-while-asking")), "nobody paid while the gateway asked"),
    (
        "paid-before-answer",
        still_right(marked("paid-before-answer")),
        "nobody paid before the gateway knew of the trade",
    ),
    ("refund-notice-first", still_right(struck("refund_before_payment")), "no refund's notice overtook its payment's"),
    ("across-midnight", still_right(struck("settlement_day")), "no notify came on another day"),
)
