"""A live room: whose it is, and how a tip given in it is shared between streamer and platform."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reference_gateway.domain.money import Fen

BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """`fee_basis_points` of each tip are the platform's, rounded down to whole fen."""

    id: str
    app_id: str
    streamer_id: str
    title: str
    fee_basis_points: int
    created_at: datetime
    open: bool = True

    def platform_fen(self, amount_fen: int) -> Fen:
        """Return the platform's share of a tip; the rest is the streamer's."""
        return Fen(amount_fen * self.fee_basis_points // BASIS_POINTS)
