"""
Choose the channel of a payment whose merchant left the choice to us, and keep the reasons.

Gathers what the pure choice needs: products, configured traits, circuits. Knows no request and no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reference_gateway.channels.port import PRODUCTS, ChannelPort
from reference_gateway.domain.routing import Candidate, RouteAsk, RouteChoice, RouteTraits, choose
from reference_gateway.errors import BadRequest, NoRoute
from reference_gateway.service.capacity.circuits import Circuits, Standing

NOT_CHOSEN = frozenset({"wallet"})
"""Channels that nobody chooses for a buyer unless a weight is configured: they spend what the buyer keeps here."""


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel as people see it."""

    channel: str
    supports: frozenset[str]
    traits: RouteTraits
    standing: Standing


class Router:
    """Chooses among the channels there are."""

    def __init__(
        self,
        channels: Mapping[str, ChannelPort],
        *,
        circuits: Circuits,
        traits: Mapping[str, RouteTraits],
        fee_emphasis: int,
    ) -> None:
        self._channels = channels
        self._circuits = circuits
        self._traits = traits
        self._fee_emphasis = fee_emphasis

    def __call__(self, ask: RouteAsk) -> RouteChoice:
        """
        Choose a channel.

        Raises:
            BadRequest: no channel at all has the product.
            NoRoute: those that have it cannot take the payment now.
        """
        candidates = [self._candidate(name) for name in self._channels]
        if not any(ask.product in candidate.products for candidate in candidates):
            raise BadRequest(f"no channel has a product {ask.product!r}", code="unknown_product")
        choice = choose(ask, candidates, fee_emphasis=self._fee_emphasis)
        if choice.channel is None:
            reasons = "; ".join(f"{weighing.channel} {weighing.reason}" for weighing in choice.weighings)
            raise NoRoute(f"{choice.reason}: {reasons}")
        return choice

    def views(self) -> list[ChannelView]:
        """Show every channel with what decides about it."""
        return [
            ChannelView(name, channel.supports(), self.traits(name), self._circuits.standing(name))
            for name, channel in sorted(self._channels.items())
        ]

    def traits(self, channel: str) -> RouteTraits:
        """Return what is configured for a channel, or the default."""
        return self._traits.get(channel) or RouteTraits(weight=0 if channel in NOT_CHOSEN else 100)

    def _candidate(self, name: str) -> Candidate:
        standing = self._circuits.standing(name)
        return Candidate(
            channel=name,
            products=self._channels[name].supports() & PRODUCTS,
            traits=self.traits(name),
            circuit=standing.state,
            probing=standing.probing,
            tally=standing.tally,
        )
