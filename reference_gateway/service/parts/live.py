"""
What the live rooms ask of the store: rooms, goods and their stock, red packets, payouts.

Rows are locked before they are changed; the rules stand in the domain and the use cases, the store keeps what it is
given and refuses what breaks a constraint.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from reference_gateway.domain.goods import Good, LogisticsRow, StockOrder
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.red_packet import RedPacket, Share
from reference_gateway.domain.room import Room


class RoomsPart(Protocol):
    """Rooms."""

    async def insert_rooms(self, rooms: Sequence[Room]) -> set[str]:
        """Insert what is new by id; return the ids that were."""
        ...

    async def rooms(self, room_ids: Collection[str]) -> dict[str, Room]: ...

    async def save_room(self, room: Room) -> None:
        """Write whether the room is open, its title and its fee."""
        ...


class GoodsPart(Protocol):
    """Goods, reservations, logistics."""

    async def insert_goods(self, goods: Sequence[Good]) -> set[str]:
        """Insert what is new by id; return the ids that were."""
        ...

    async def goods(self, good_ids: Collection[str]) -> dict[str, Good]: ...

    async def lock_goods(self, good_ids: Collection[str]) -> dict[str, Good]: ...

    async def save_goods(self, goods: Sequence[Good]) -> None:
        """Write the counts of locked goods."""
        ...

    async def insert_stock_orders(self, rows: Sequence[StockOrder]) -> None: ...

    async def stock_orders(self, payment_ids: Collection[str]) -> dict[str, StockOrder]:
        """Find reservations by payment; they change only under the lock of their good."""
        ...

    async def save_stock_orders(self, rows: Sequence[StockOrder]) -> None: ...

    async def insert_logistics(self, rows: Sequence[LogisticsRow]) -> None:
        """Insert what is new by payment."""
        ...

    async def logistics(self, payment_id: str) -> LogisticsRow | None: ...


class PacketsPart(Protocol):
    """Red packets and their shares."""

    async def insert_packets(self, packets: Sequence[RedPacket]) -> set[str]:
        """Insert what is new by (app_id, packet_no); return the ids that were."""
        ...

    async def packet(self, app_id: str, packet_id: str) -> RedPacket | None: ...

    async def packets_by_no(self, numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RedPacket]:
        """Find packets by (app_id, packet_no)."""
        ...

    async def lock_packets(self, packet_ids: Collection[str]) -> dict[str, RedPacket]: ...

    async def save_packets(self, packets: Sequence[RedPacket]) -> None:
        """Write the changeable fields of locked packets."""
        ...

    async def insert_shares(self, shares: Sequence[Share]) -> None: ...

    async def shares(self, packet_ids: Collection[str]) -> list[Share]:
        """Return all shares of these packets, in order; they change only under the lock of their packet."""
        ...

    async def save_shares(self, shares: Sequence[Share]) -> None: ...

    async def claim_packets(self, now: datetime, *, lease_until: datetime, limit: int) -> list[RedPacket]:
        """Take packets whose `poll_at` has come."""
        ...


class PayoutsPart(Protocol):
    """Payouts."""

    async def insert_payouts(self, payouts: Sequence[Payout]) -> set[str]:
        """Insert what is new by (app_id, merchant_payout_no); return the ids that were."""
        ...

    async def payout(self, app_id: str, payout_id: str) -> Payout | None: ...

    async def payout_by_no(self, app_id: str, merchant_payout_no: str) -> Payout | None: ...

    async def lock_payout(self, payout_id: str) -> Payout | None: ...

    async def save_payout(self, payout: Payout) -> None: ...

    async def hurry_payouts(self, out_payout_nos: Sequence[str], now: datetime) -> None:
        """Make the payouts with these numbers due now, where they are still asked about."""
        ...

    async def claim_payouts(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payout]:
        """Take payouts whose `poll_at` has come."""
        ...


class LivePart(RoomsPart, GoodsPart, PacketsPart, PayoutsPart, Protocol):
    """All of it."""
