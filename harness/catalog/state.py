"""
What the gateway calls a payment.
"""

from harness.catalog.base import Requirement
from harness.sut.contract import Ability

REQUIREMENTS = (
    Requirement("state/never-back", "A payment that was paid is never told as unpaid again."),
    Requirement("state/books-agree", "The gateway calls paid what the provider's book calls paid, and nothing else."),
    Requirement("state/unpaid-stays-unpaid", "An order whose buyer never paid is never told as paid."),
    Requirement("state/refund-keeps-paid", "A refunded payment is still a payment: it is not told as unpaid."),
    Requirement(
        "state/failed-attempt-unpaid", "A buyer's failed attempt (no funds, wrong password) leaves the order unpaid."
    ),
    Requirement(
        "state/accepted-can-be-paid",
        "An order that was accepted, and that nothing befell, can be paid: its trade stands in the provider's book.",
    ),
    Requirement(
        "state/opened-as-accepted",
        "An order that was accepted, and that nothing befell, does not fail: what the provider is asked, it can do.",
    ),
    Requirement("state/own-code", "What the buyer of an order scans is the order's own, and no other's."),
    Requirement(
        "state/told-is-shown",
        "A payment of which the platform was told is not shown as open to whoever looks afterwards.",
        needs=frozenset({Ability.WEBHOOKS}),
    ),
    Requirement(
        "state/paid-after-failed-attempt", "A payment that succeeds after failed attempts counts once, in full."
    ),
)
