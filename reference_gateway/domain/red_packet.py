"""
Red packets: funded by a payment, split once when it is paid, claimed share by share.

The split is drawn when the money is there and kept, so the claims' sum cannot differ from it. Pure rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reference_gateway.domain.money import Fen

COUNT_MAX = 500


class PacketStatus(StrEnum):
    """FUNDING waits for its payment; OPEN can be claimed; EMPTY is claimed; EXPIRED gave the rest back."""

    FUNDING = "FUNDING"
    OPEN = "OPEN"
    EMPTY = "EMPTY"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedPacket:
    """`expires_at` is known once it is open; `poll_at` is when expiry is looked at."""

    id: str
    app_id: str
    packet_no: str
    room_id: str | None
    buyer_id: str
    amount_fen: Fen
    count: int
    request_digest: str
    created_at: datetime
    status: PacketStatus = PacketStatus.FUNDING
    payment_id: str | None = None
    claimed_fen: int = 0
    claimed_count: int = 0
    expires_at: datetime | None = None
    poll_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a packet; *claimant* is set once."""

    packet_id: str
    n: int
    amount_fen: int
    claimant: str | None = None
    claimed_at: datetime | None = None


def split(amount_fen: int, count: int, below: Callable[[int], int]) -> list[int]:
    """
    Split at random: each part at least 1 fen, the sum exact.

    Each part is drawn up to twice the mean of what is left, so that early claims are worth as much as late ones.

    Args:
        below: returns a whole number from 0 up to but not including its argument.
    """
    if not 1 <= count <= amount_fen:
        raise ValueError(f"{amount_fen} fen cannot be split into {count} parts of at least 1 fen")
    parts = []
    rest_fen = amount_fen
    for left in range(count, 1, -1):
        most_fen = min(max(1, 2 * rest_fen // left - 1), rest_fen - (left - 1))
        part_fen = 1 + below(most_fen)
        parts.append(part_fen)
        rest_fen -= part_fen
    return [*parts, rest_fen]
