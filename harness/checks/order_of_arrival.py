"""
Things that arrive in another order than they happened in harm nothing.
"""

from collections.abc import Mapping

from harness.checks.base import Check, each_order
from harness.checks.books import still_right
from harness.checks.occasions import Occasion, answered, marked, struck


def _check(name: str, occasion: Occasion, witness: str) -> tuple[str, Check]:
    return f"order-of-arrival/{name}", each_order(f"order-of-arrival/{name}", still_right(occasion), witness=witness)


CHECKS: Mapping[str, Check] = dict(
    (
        _check("notify-before-answer", answered("before_response"), "no notify overtook an answer"),
        _check("later-rung-first", struck("reorder"), "no notify was overtaken by a later one"),
        _check("paid-while-asking", marked("paid-while-asking"), "nobody paid while the gateway asked"),
        _check("paid-before-answer", marked("paid-before-answer"), "nobody paid before the gateway knew of the trade"),
        _check("refund-notice-first", struck("refund_before_payment"), "no refund's notice overtook its payment's"),
        _check("across-midnight", struck("settlement_day"), "no notify came on another day"),
    )
)
