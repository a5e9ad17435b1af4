"""
"1,009.05 yuan": an amount is written as people write it, and the provider takes no order over a thousand.
"""

from collections.abc import Mapping
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """A comma for each thousand."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        openings = within(inner, "_open")
        call = within(openings, "_call")

        async def ask(method: str, business: Mapping[str, str], **more: Any) -> Any:
            yuan, _, cents = business["total_amount"].partition(".")
            return await call(method, {**business, "total_amount": f"{int(yuan):,}.{cents}"}, **more)

        plant(openings, "_call", ask)


MUTANT = Mutant(
    id="writes-thousands",
    bug="accepts orders of a thousand yuan and more, and writes their amounts as no provider reads them",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("state/opened-as-accepted",),
    tried_in=("amounts",),
)
