"""
People who want money for nothing get nothing.
"""

from collections.abc import Mapping

from harness.checks.base import Check, Rule, each_order
from harness.checks.books import still_right
from harness.checks.occasions import marked, notified
from harness.checks.signature import refused


def _check(name: str, rule: Rule, witness: str) -> tuple[str, Check]:
    return f"security/{name}", each_order(f"security/{name}", rule, witness=witness)


CHECKS: Mapping[str, Check] = dict(
    (
        _check("replay-credits-nothing", still_right(notified("replayed")), "nobody replayed a notify"),
        _check(
            "cheap-order-trick",
            refused(notified("tampered", fault="tampered_amount", signed=False)),
            "nobody bent a notify to a larger amount",
        ),
        _check("many-forgeries", still_right(marked("many-forgeries")), "nobody sent many forgeries"),
        _check(
            "misread-signature",
            refused(notified("forged", fault="forged_signature", misread="sign_type")),
            "no notify was signed by a misreading of the rules",
        ),
    )
)
