"""
People who want money for nothing.
"""

from harness.catalog.base import Requirement

REQUIREMENTS = (
    Requirement("security/replay-credits-nothing", "A true notify that somebody replays credits nothing more."),
    Requirement(
        "security/cheap-order-trick", "A true notify of a small payment, bent to a larger amount, credits nothing more."
    ),
    Requirement("security/many-forgeries", "A hundred forgeries keep nobody from paying and credit nothing."),
    Requirement("security/misread-signature", "A notify signed by a common misreading of the rules is refused."),
)
