"""
The live rooms in PostgreSQL: a part of the unit of work that needs only the running of statements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import TextClause

from reference_gateway.domain.goods import Good, LogisticsRow, StockOrder, StockStatus
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.red_packet import PacketStatus, RedPacket, Share
from reference_gateway.domain.room import Room
from reference_gateway.domain.transitions import PayoutStatus
from reference_gateway.store import statements_live as sql
from reference_gateway.store.sql_connection import Rows
from reference_gateway.store.sql_connection import values as values_of

RowT = TypeVar("RowT")


def _read(make: Callable[..., RowT], row: Any, status: Callable[[str], Any] | None = None) -> RowT:
    values = values_of(row)
    if status is not None:
        values["status"] = status(values["status"])
    return make(**values)


def _columns(rows: Sequence[object], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [getattr(row, name) for row in rows] for name in names}


class SqlLive:
    """Rooms, goods, red packets, payouts."""

    _rooms: dict[str, Room]

    async def _run(self, statement: TextClause, parameters: Mapping[str, Any] | None = None) -> Rows:
        raise NotImplementedError

    async def _found(self, statement: TextClause, ids: Collection[str]) -> list[Any]:
        return list(await self._run(statement, {"ids": list(ids)})) if ids else []

    async def _insert(self, statement: TextClause, rows: Sequence[object], names: Sequence[str]) -> set[str]:
        return set((await self._run(statement, _columns(rows, names))).scalars())

    async def insert_rooms(self, rooms: Sequence[Room]) -> set[str]:
        return await self._insert(sql.INSERT_ROOMS, rooms, sql.ROOM)

    async def rooms(self, room_ids: Collection[str]) -> dict[str, Room]:
        """What a room was when it was asked for first is what it is for the rest of the transaction."""
        strange = [room_id for room_id in room_ids if room_id not in self._rooms]
        self._rooms.update((row.id, _read(Room, row)) for row in await self._found(sql.ROOMS, strange))
        return {room_id: self._rooms[room_id] for room_id in room_ids if room_id in self._rooms}

    async def save_room(self, room: Room) -> None:
        await self._run(sql.SAVE_ROOM, _columns([room], ("id", *sql.SAVED_ROOM)))
        self._rooms.pop(room.id, None)

    async def insert_goods(self, goods: Sequence[Good]) -> set[str]:
        return await self._insert(sql.INSERT_GOODS, goods, sql.GOOD)

    async def goods(self, good_ids: Collection[str]) -> dict[str, Good]:
        return {row.id: _read(Good, row) for row in await self._found(sql.GOODS, good_ids)}

    async def lock_goods(self, good_ids: Collection[str]) -> dict[str, Good]:
        return {row.id: _read(Good, row) for row in await self._found(sql.LOCK_GOODS, good_ids)}

    async def save_goods(self, goods: Sequence[Good]) -> None:
        await self._run(sql.SAVE_GOODS, _columns(goods, ("id", *sql.SAVED_GOOD)))

    async def insert_stock_orders(self, rows: Sequence[StockOrder]) -> None:
        await self._run(sql.INSERT_STOCK_ORDERS, _columns(rows, sql.STOCK_ORDER))

    async def stock_orders(self, payment_ids: Collection[str]) -> dict[str, StockOrder]:
        rows = await self._found(sql.STOCK_ORDERS, payment_ids)
        return {row.payment_id: _read(StockOrder, row, StockStatus) for row in rows}

    async def save_stock_orders(self, rows: Sequence[StockOrder]) -> None:
        await self._run(sql.SAVE_STOCK_ORDERS, _columns(rows, ("payment_id", "status")))

    async def insert_logistics(self, rows: Sequence[LogisticsRow]) -> None:
        await self._run(sql.INSERT_LOGISTICS, _columns(rows, sql.LOGISTICS))

    async def logistics(self, payment_id: str) -> LogisticsRow | None:
        rows = await self._found(sql.LOGISTICS_OF, [payment_id])
        return _read(LogisticsRow, rows[0]) if rows else None

    async def insert_packets(self, packets: Sequence[RedPacket]) -> set[str]:
        return await self._insert(sql.INSERT_PACKETS, packets, sql.PACKET)

    async def packet(self, app_id: str, packet_id: str) -> RedPacket | None:
        found = [_read(RedPacket, row, PacketStatus) for row in await self._found(sql.PACKETS, [packet_id])]
        return next((packet for packet in found if packet.app_id == app_id), None)

    async def packets_by_no(self, numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RedPacket]:
        parameters = {"app_id": [app for app, _ in numbers], "packet_no": [no for _, no in numbers]}
        found = [_read(RedPacket, row, PacketStatus) for row in await self._run(sql.PACKETS_BY_NO, parameters)]
        return {(packet.app_id, packet.packet_no): packet for packet in found}

    async def lock_packets(self, packet_ids: Collection[str]) -> dict[str, RedPacket]:
        rows = await self._found(sql.LOCK_PACKETS, packet_ids)
        return {row.id: _read(RedPacket, row, PacketStatus) for row in rows}

    async def save_packets(self, packets: Sequence[RedPacket]) -> None:
        await self._run(sql.SAVE_PACKETS, _columns(packets, ("id", *sql.SAVED_PACKET)))

    async def insert_shares(self, shares: Sequence[Share]) -> None:
        await self._run(sql.INSERT_SHARES, _columns(shares, sql.SHARE))

    async def shares(self, packet_ids: Collection[str]) -> list[Share]:
        return [_read(Share, row) for row in await self._found(sql.SHARES, packet_ids)]

    async def save_shares(self, shares: Sequence[Share]) -> None:
        await self._run(sql.SAVE_SHARES, _columns(shares, ("packet_id", "n", "claimant", "claimed_at")))

    async def claim_packets(self, now: datetime, *, lease_until: datetime, limit: int) -> list[RedPacket]:
        rows = await self._run(sql.CLAIM_PACKETS, {"now": now, "lease_until": lease_until, "limit": limit})
        return [_read(RedPacket, row, PacketStatus) for row in rows]

    async def insert_payouts(self, payouts: Sequence[Payout]) -> set[str]:
        return await self._insert(sql.INSERT_PAYOUTS, payouts, sql.PAYOUT)

    async def payout(self, app_id: str, payout_id: str) -> Payout | None:
        found = [_read(Payout, row, PayoutStatus) for row in await self._found(sql.PAYOUTS, [payout_id])]
        return next((payout for payout in found if payout.app_id == app_id), None)

    async def payout_by_no(self, app_id: str, merchant_payout_no: str) -> Payout | None:
        row = (await self._run(sql.PAYOUT_BY_NO, {"app_id": app_id, "number": merchant_payout_no})).first()
        return None if row is None else _read(Payout, row, PayoutStatus)

    async def lock_payout(self, payout_id: str) -> Payout | None:
        rows = await self._found(sql.LOCK_PAYOUTS, [payout_id])
        return _read(Payout, rows[0], PayoutStatus) if rows else None

    async def save_payout(self, payout: Payout) -> None:
        await self._run(sql.SAVE_PAYOUTS, _columns([payout], ("id", *sql.SAVED_PAYOUT)))

    async def hurry_payouts(self, out_payout_nos: Sequence[str], now: datetime) -> None:
        await self._run(sql.HURRY_PAYOUTS, {"numbers": list(out_payout_nos), "now": now})

    async def claim_payouts(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payout]:
        rows = await self._run(sql.CLAIM_PAYOUTS, {"now": now, "lease_until": lease_until, "limit": limit})
        return [_read(Payout, row, PayoutStatus) for row in rows]
