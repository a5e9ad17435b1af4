"""
People who want money for nothing.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability

REQUIREMENTS = (
    Requirement("security/replay-credits-nothing", "A true notify that somebody replays credits nothing more."),
    Requirement(
        "security/cheap-order-trick", "A true notify of a small payment, bent to a larger amount, credits nothing more."
    ),
    Requirement("security/many-forgeries", "A hundred forgeries keep nobody from paying and credit nothing."),
    Requirement("security/misread-signature", "A notify signed by a common misreading of the rules is refused."),
    Requirement(
        "security/forged-id",
        "A forged notify that bears the id of a true one does not keep the true one from counting.",
        facts=("alipay/notify-id",),
        moot="the gateway books nothing before it has asked",
    ),
    Requirement(
        "security/unsigned-request",
        "An order that is asked for without a signature, or under another request's, is refused and opened nowhere.",
        needs=frozenset({Ability.SIGN_BADLY}),
    ),
    Requirement(
        "security/old-request",
        "An order that is asked for by a request of an hour ago is refused and opened nowhere.",
        needs=frozenset({Ability.SIGN_LATE}),
    ),
    Requirement(
        "security/request-again",
        "A request under a nonce that was used before is refused.",
        needs=frozenset({Ability.REPEAT_NONCES}),
    ),
)
