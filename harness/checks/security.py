"""
People who want money for nothing get nothing.
"""

from collections.abc import Mapping

from harness.checks.base import Check, family
from harness.checks.books import still_right
from harness.checks.occasions import bent_unsigned, marked, notified
from harness.checks.signature import refused

CHECKS: Mapping[str, Check] = family(
    "security",
    ("replay-credits-nothing", still_right(notified("replayed")), "nobody replayed a notify"),
    (
        "cheap-order-trick",
        refused(bent_unsigned),
        "nobody bent a notify to a larger amount",
    ),
    ("many-forgeries", still_right(marked("many-forgeries")), "nobody sent many forgeries"),
    (
        "misread-signature",
        refused(notified("forged", fault="forged_signature", misread="sign_type")),
        "no notify was signed by a misreading of the rules",
    ),
)
