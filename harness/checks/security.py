"""
People who want money for nothing get nothing.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import Check, Rule, Ruling, Story, family
from harness.checks.books import still_right
from harness.checks.occasions import bent_unsigned, marked, notified
from harness.checks.signature import refused
from harness.history import Phase
from harness.sut.contract import BadSeal


def turned_away(*seals: BadSeal) -> Rule:
    """
    A rule: an order that is asked for under one of *seals* is refused, and the provider has never heard of it; an
    answer that never came says nothing.
    """

    def rule(story: Story) -> Iterator[Ruling]:
        knocked = story.asked("create_badly_signed") if marked("signed-badly")(story) else []
        asked = [line for line in knocked if line.value["seal"] in seals]
        endings = {line.of: line for line in story.lines.get("create_badly_signed", ()) if line.of is not None}
        for line in asked:
            ending = endings.get(line.index)
            if ending is None or ending.phase is Phase.UNKNOWN:
                continue
            # What was asked for once before, and rightly, has its trade.
            trades = [] if line.value["seal"] == BadSeal.AGAIN else story.seen("book")
            yield Ruling(
                kept=ending.phase is Phase.FAIL and not trades,
                expected="refused",
                actual="accepted" if ending.phase is Phase.OK else "refused, and opened at the provider",
                evidence=(line, ending, *trades[:1]),
                money=f"order {story.order}: whoever can reach the gateway can ask for orders in the merchant's name",
            )

    return rule


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
    (
        "unsigned-request",
        turned_away(BadSeal.NONE, BadSeal.OTHER_BODY),
        "nobody asked for an order without a signature of his own",
    ),
    ("old-request", turned_away(BadSeal.OLD), "nobody asked for an order by an old request"),
    ("request-again", turned_away(BadSeal.AGAIN), "nobody sent a request again under its nonce"),
)
