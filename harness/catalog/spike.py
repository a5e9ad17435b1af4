"""
More at the same moment than can be done: what was taken is kept, what is refused is told so.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability
from harness.verdict import Level

NEVER_REFUSED = "the gateway refused nothing under this pressure"


def _rule(name: str, text: str, *needs: Ability, level: Level = Level.MUST, moot: str = "") -> Requirement:
    return Requirement(f"spike/{name}", text, level=level, needs=frozenset(needs), moot=moot)


REQUIREMENTS = (
    _rule("accepted-kept", "An order that was accepted in a burst can be paid, and counts (60 at once)."),
    _rule(
        "refused-nowhere",
        "An order that was refused in a burst is opened nowhere, until it is asked for again.",
        moot=NEVER_REFUSED,
    ),
    _rule(
        "refused-again",
        "An order that was refused in a burst is taken when it is asked for again later.",
        moot=NEVER_REFUSED,
    ),
    _rule("no-server-error", "No order of a burst is answered with a server error, but for a 503."),
    _rule("one-payment", "An order that is asked for several times in a burst is one payment (20 times 4)."),
    _rule("slow-provider", "An order that was accepted while the provider was slow can be paid, and counts."),
    _rule("killed", "An order that was accepted before a kill in the middle of a burst is known after it."),
    _rule("notifies", "Notifies of many payments at the same moment, each twice, are each credited once (40 at once)."),
    _rule("refunds", "Refunds of many payments at the same moment are each made once (20 at once).", Ability.REFUND),
    _rule(
        "platform-told",
        "The platform hears of every payment of a burst once, though it refuses the first news.",
        Ability.WEBHOOKS,
    ),
    _rule("says-when", "A refusal in a burst is a 429 or a 503 that says when to come again.", level=Level.SHOULD),
)
