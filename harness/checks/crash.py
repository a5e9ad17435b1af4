"""
The gateway dies and comes back, and the money is where it belongs.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import Check, Ruling, Story, family
from harness.checks.books import still_right
from harness.checks.idempotency import one_trade, refund_number_once, same_order
from harness.checks.occasions import marked

WITNESSES = {
    "while-opening": "the gateway was not killed while it opened an order",
    "before-paying": "the gateway was not killed between opening and paying",
    "around-the-notify": "the gateway was not killed around a notify",
    "after-paying": "the gateway was not killed after a payment",
    "while-refunding": "the gateway was not killed around a refund",
    "platform-still-told": "the gateway was not killed before the platform was told",
    "down-while-paid": "nobody paid while the gateway was down",
}


def while_opening(story: Story) -> Iterator[Ruling]:
    """
    The books agree, and an order that was asked for before the kill and after it has one trade.
    """
    met = marked("killed-while-opening")
    if met(story):
        yield from still_right(met)(story)
        yield from one_trade(story)


def asked_again(story: Story) -> Iterator[Ruling]:
    """
    What was asked for before the kill was asked for again after it.
    """
    met = marked("killed-asked-again")
    if met(story):
        yield from still_right(met)(story)
        yield from same_order(story)
        yield from refund_number_once(story)


CHECKS: Mapping[str, Check] = family(
    "crash",
    *(
        (name, while_opening if name == "while-opening" else still_right(marked(f"killed-{name}")), witness)
        for name, witness in WITNESSES.items()
    ),
    ("asked-again", asked_again, "nothing was asked for again after a kill"),
)
