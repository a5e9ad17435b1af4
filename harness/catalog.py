"""
The requirements that findings cite: a stable id, a level and the sentence that a gateway has to keep.

It refuses to know how a requirement is checked. Ids are paths, `<family>/<name>`, without a channel, and stay for ever.
"""

from dataclasses import dataclass

from harness.verdict import Level


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule, in a sentence."""

    id: str
    text: str
    level: Level = Level.MUST


REQUIREMENTS = (
    Requirement("idempotency/credited-once", "A payment is credited exactly once, however often it is notified."),
    Requirement("idempotency/opened-once", "An order that is asked for again is the same payment, not another one."),
    Requirement("notify/acked-is-known", "What was acknowledged is known, also after a crash."),
    Requirement("notify/duplicate-acked", "A notify that was acknowledged is acknowledged when it comes again."),
    Requirement("notify/nothing-lost", "What the buyer paid ends as paid or as refunded at the gateway."),
    Requirement("notify/platform-told-once", "The platform is told of a payment once in effect: one event, repeated."),
    Requirement("notify/platform-told-amount", "The platform is told the amount that was paid."),
    Requirement("signature/forged-never-acked", "A notify that the provider did not sign is never acknowledged."),
    Requirement("signature/forged-never-credited", "A notify that the provider did not sign credits nothing."),
    Requirement("state/never-back", "A payment that was paid is never told as unpaid again."),
    Requirement("state/books-agree", "The gateway calls paid what the provider's book calls paid, and nothing else."),
    Requirement("money/credited-amount", "The amount credited is the amount that the buyer paid."),
    Requirement("money/credited-only-when-paid", "Nothing is credited that nobody paid."),
    Requirement("money/order-amount", "The trade is opened for the amount of the order."),
    Requirement("money/ledger-net", "The ledger is left with what was paid less what went back."),
    Requirement("money/sums-zero", "The legs of every ledger transaction sum to zero."),
    Requirement("money/trade-number", "A payment names the provider's trade that paid it."),
    Requirement("refund/books-agree", "The refunds in the gateway's books are the refunds in the provider's."),
    Requirement("refund/never-above-paid", "Refunds of a payment never exceed what was paid."),
)

BY_ID = {requirement.id: requirement for requirement in REQUIREMENTS}


def text_of(requirement: str) -> str:
    """
    The sentence of a requirement.
    """
    return BY_ID[requirement].text
