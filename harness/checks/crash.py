"""
The gateway dies and comes back, and the money is where it belongs.
"""

from collections.abc import Mapping

from harness.checks.base import Check, each_order
from harness.checks.books import still_right
from harness.checks.occasions import marked


def _check(name: str, witness: str) -> tuple[str, Check]:
    return f"crash/{name}", each_order(f"crash/{name}", still_right(marked(f"killed-{name}")), witness=witness)


CHECKS: Mapping[str, Check] = dict(
    (
        _check("while-opening", "the gateway was not killed while it opened an order"),
        _check("before-paying", "the gateway was not killed between opening and paying"),
        _check("around-the-notify", "the gateway was not killed around a notify"),
        _check("after-paying", "the gateway was not killed after a payment"),
        _check("while-refunding", "the gateway was not killed around a refund"),
        _check("platform-still-told", "the gateway was not killed before the platform was told"),
        _check("down-while-paid", "nobody paid while the gateway was down"),
    )
)
