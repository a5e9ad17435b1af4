"""
The gateway dies, and comes back.
"""

from harness.catalog.base import Requirement

REQUIREMENTS = (
    Requirement(
        "crash/while-opening", "A gateway killed while it opens an order finishes or ends it after its return."
    ),
    Requirement("crash/before-paying", "An order opened before a kill can be paid after it, and counts."),
    Requirement("crash/around-the-notify", "A gateway killed around a notify credits once in the end (45 moments)."),
    Requirement("crash/after-paying", "A payment that was credited before a kill is credited after it."),
    Requirement("crash/while-refunding", "A gateway killed around a refund makes it once, or not at all and says so."),
    Requirement("crash/platform-still-told", "The platform hears of a payment that was credited just before a kill."),
    Requirement("crash/asked-again", "An order, and a refund, asked for again after a kill are the same ones."),
    Requirement("crash/down-while-paid", "A payment made while the gateway was down is found after its return."),
)
