"""
"We have a code for 9.90": what the buyer scans is remembered by its amount.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, Opening, PayRequest
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """The first code of an amount is everybody's."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._known: dict[int, Mapping[str, Any]] = {}

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        opening = await self._inner.pay(payment, ask)
        return replace(opening, params=self._known.setdefault(payment.amount_fen, opening.params))


MUTANT = Mutant(
    id="one-code-for-each-amount",
    bug="shows one buyer the code of another's order over the same amount",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("state/own-code",),
    tried_in=("codes",),
)
