"""
Which channel a payment takes when its merchant leaves the choice to us, and why.

Candidates that cannot take the payment are left out, each with its reason. Among the others chance decides, by shares:
the configured weight, times the share of calls that were answered lately, times what is left after the fee. The draw
is a hash of the payment's own number, so the same payment draws the same lot and nothing here is random. Pure: it
knows no clock, keeps no state, and asks nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.breaker import NO_CALLS, CircuitState, Tally

AUTO = "auto"
"""What a merchant writes for *channel* to leave the choice to the router."""

SHARE_SCALE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTraits:
    """
    What is configured for a channel.

    Attributes:
        weight: its share beside the others; 0 takes it out of the router's choice.
        regions: where its buyers are; empty means everywhere.
        fee_bp: what it keeps of a payment, in basis points by contract; None where nobody has said.
    """

    weight: int = 100
    regions: frozenset[str] = frozenset()
    fee_bp: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAsk:
    """What is to be paid, as far as a choice depends on it; *lot* is a number that nobody else has."""

    product: str
    region: str | None
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A channel as it stands at the moment of choosing; *probing*: its one probe is under way."""

    channel: str
    products: frozenset[str]
    traits: RouteTraits
    circuit: CircuitState = CircuitState.CLOSED
    probing: bool = False
    tally: Tally = NO_CALLS


@dataclass(frozen=True, slots=True)
class Weighing:
    """One candidate's part in a choice: its share, or 0, and the reason in words."""

    channel: str
    share: int
    reason: str


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """The channel taken, None where there was none; *reason* says why, *weighings* say it of every candidate."""

    channel: str | None
    reason: str
    weighings: tuple[Weighing, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """The choice made for one payment."""

    payment_id: str
    choice: RouteChoice
    at: datetime


def asked_for(channel: str) -> RouteChoice:
    """Explain the choice that was the merchant's own."""
    return RouteChoice(channel, f"the merchant asked for {channel}")


def choose(ask: RouteAsk, candidates: Sequence[Candidate], *, fee_emphasis: int = 20) -> RouteChoice:
    """
    Choose a channel.

    Args:
        fee_emphasis: by how many basis points a share shrinks for each basis point of fee.
    """
    weighings = tuple(_weigh(ask, candidate, fee_emphasis) for candidate in sorted(candidates, key=lambda c: c.channel))
    total = sum(weighing.share for weighing in weighings)
    if not total:
        return RouteChoice(None, "no channel can take this payment now", weighings)
    point = int.from_bytes(hashlib.sha256(ask.lot.encode()).digest()[:8]) % total
    drawn = point
    for weighing in weighings:
        if point < weighing.share:
            break
        point -= weighing.share
    able = sum(1 for other in weighings if other.share)
    if able == 1:
        return RouteChoice(weighing.channel, f"{weighing.channel} is the only channel that can take it", weighings)
    percent = 100 * weighing.share / total
    reason = (
        f"{weighing.channel} drew the lot {drawn} of {total}, with {percent:.1f} % of the shares of {able} channels"
    )
    return RouteChoice(weighing.channel, reason, weighings)


def _weigh(ask: RouteAsk, candidate: Candidate, fee_emphasis: int) -> Weighing:
    obstacle = _obstacle(ask, candidate)
    if obstacle:
        return Weighing(candidate.channel, 0, obstacle)
    traits, tally = candidate.traits, candidate.tally
    kept = max(1, SHARE_SCALE - fee_emphasis * (traits.fee_bp or 0))
    # An answer in a thousand still earns a try: a channel that never gets one cannot recover.
    share = max(1, traits.weight * max(10, tally.success_bp) * kept // SHARE_SCALE)
    fee = "no fee is known" if traits.fee_bp is None else f"fee {traits.fee_bp / 100:.2f} %"
    lately = f"{tally.answered} of {tally.calls} calls answered lately" if tally.calls else "no calls lately"
    probe = "; it is on probation and this would be its probe" if candidate.circuit is CircuitState.HALF_OPEN else ""
    return Weighing(candidate.channel, share, f"weight {traits.weight}, {lately}, {fee}: share {share}{probe}")


def _obstacle(ask: RouteAsk, candidate: Candidate) -> str:
    """Say why a candidate cannot take the payment; empty when it can."""
    traits, tally = candidate.traits, candidate.tally
    served = ", ".join(sorted(traits.regions))
    obstacles = (
        (ask.product not in candidate.products, f"has no product {ask.product}"),
        (not traits.weight, "has weight 0"),
        (served and ask.region is None, f"serves {served} only, and no region was told"),
        (served and ask.region not in traits.regions, f"serves {served} only, not {ask.region}"),
        (
            candidate.circuit is CircuitState.OPEN,
            f"its circuit is open: {tally.failed} of {tally.calls} calls failed lately",
        ),
        (
            candidate.circuit is CircuitState.HALF_OPEN and candidate.probing,
            "its circuit is half-open and its one probe is under way",
        ),
    )
    return next((words for stands, words in obstacles if stands), "")
