"""
The live rooms in memory: a part of the unit of work with the same locks, keys and constraints as the tables.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reference_gateway.domain.goods import Good, LogisticsRow, StockOrder
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.red_packet import RedPacket, Share
from reference_gateway.domain.room import Room
from reference_gateway.domain.transitions import PayoutStatus
from reference_gateway.errors import ConstraintBroken
from reference_gateway.store.memory_locks import HeldLocks, Rank


@dataclass(slots=True)
class LiveRows:
    """Rows of the live rooms: all that are committed, or what one transaction wrote."""

    rooms: dict[str, Room] = field(default_factory=dict)
    goods: dict[str, Good] = field(default_factory=dict)
    stock_orders: dict[str, StockOrder] = field(default_factory=dict)
    logistics: dict[str, LogisticsRow] = field(default_factory=dict)
    packets: dict[str, RedPacket] = field(default_factory=dict)
    packet_nos: dict[tuple[str, str], str] = field(default_factory=dict)
    shares: dict[str, dict[int, Share]] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    payout_nos: dict[tuple[str, str], str] = field(default_factory=dict)

    def apply(self, changes: LiveRows) -> None:
        """Make *changes* visible."""
        self.rooms.update(changes.rooms)
        self.goods.update(changes.goods)
        self.stock_orders.update(changes.stock_orders)
        self.logistics.update(changes.logistics)
        self.packets.update(changes.packets)
        self.packet_nos.update(changes.packet_nos)
        for packet_id, shares in changes.shares.items():
            self.shares.setdefault(packet_id, {}).update(shares)
        self.payouts.update(changes.payouts)
        self.payout_nos.update(changes.payout_nos)


def _kept(kept: bool, rule: str) -> None:  # noqa: FBT001 (reads as a sentence)
    if not kept:
        raise ConstraintBroken(f"the rule {rule} is broken", code=rule)


class MemoryLive:
    """Rooms, goods, red packets, payouts."""

    _held: HeldLocks

    async def _point(self, place: str) -> None:
        raise NotImplementedError

    @property
    def _live(self) -> LiveRows:
        """What is committed."""
        raise NotImplementedError

    @property
    def _own(self) -> LiveRows:
        """What this transaction wrote."""
        raise NotImplementedError

    async def insert_rooms(self, rooms: Sequence[Room]) -> set[str]:
        await self._point("insert_rooms")
        await self._held.take(Rank.ROOM, [(room.id,) for room in rooms])
        fresh = {room.id: room for room in rooms if room.id not in self._live.rooms}
        self._own.rooms.update(fresh)
        return set(fresh)

    async def rooms(self, room_ids: Collection[str]) -> dict[str, Room]:
        await self._point("rooms")
        known = {**self._live.rooms, **self._own.rooms}
        return {room_id: known[room_id] for room_id in room_ids if room_id in known}

    async def save_room(self, room: Room) -> None:
        await self._point("save_room")
        await self._held.take(Rank.ROOM, [(room.id,)])
        self._own.rooms[room.id] = room

    async def insert_goods(self, goods: Sequence[Good]) -> set[str]:
        await self._point("insert_goods")
        await self._held.take(Rank.STOCK, [(good.id,) for good in goods])
        fresh = {good.id: good for good in goods if good.id not in self._live.goods}
        self._own.goods.update(fresh)
        return set(fresh)

    def _good(self, good_id: str) -> Good | None:
        return self._own.goods.get(good_id) or self._live.goods.get(good_id)

    async def goods(self, good_ids: Collection[str]) -> dict[str, Good]:
        await self._point("goods")
        return {good.id: good for good in map(self._good, good_ids) if good is not None}

    async def lock_goods(self, good_ids: Collection[str]) -> dict[str, Good]:
        await self._point("lock_goods")
        await self._held.take(Rank.STOCK, [(good_id,) for good_id in good_ids])
        return {good.id: good for good in map(self._good, good_ids) if good is not None}

    async def save_goods(self, goods: Sequence[Good]) -> None:
        await self._point("save_goods")
        for good in goods:
            _kept(min(good.available, good.reserved, good.sold) >= 0, "goods_stock_not_negative")
            self._own.goods[good.id] = good

    async def insert_stock_orders(self, rows: Sequence[StockOrder]) -> None:
        await self._point("insert_stock_orders")
        for row in rows:
            _kept(row.payment_id not in self._live.stock_orders, "stock_orders_pkey")
            self._own.stock_orders[row.payment_id] = row

    async def stock_orders(self, payment_ids: Collection[str]) -> dict[str, StockOrder]:
        await self._point("stock_orders")
        found = (self._own.stock_orders.get(i) or self._live.stock_orders.get(i) for i in payment_ids)
        return {row.payment_id: row for row in found if row is not None}

    async def save_stock_orders(self, rows: Sequence[StockOrder]) -> None:
        await self._point("save_stock_orders")
        self._own.stock_orders.update((row.payment_id, row) for row in rows)

    async def insert_logistics(self, rows: Sequence[LogisticsRow]) -> None:
        await self._point("insert_logistics")
        self._own.logistics.update((r.payment_id, r) for r in rows if r.payment_id not in self._live.logistics)

    async def logistics(self, payment_id: str) -> LogisticsRow | None:
        await self._point("logistics")
        return self._own.logistics.get(payment_id) or self._live.logistics.get(payment_id)

    async def insert_packets(self, packets: Sequence[RedPacket]) -> set[str]:
        await self._point("insert_packets")
        await self._held.take(Rank.PACKET_KEY, [(packet.app_id, packet.packet_no) for packet in packets])
        fresh = [p for p in packets if (p.app_id, p.packet_no) not in self._live.packet_nos]
        for packet in fresh:
            self._own.packets[packet.id] = packet
            self._own.packet_nos[packet.app_id, packet.packet_no] = packet.id
        return {packet.id for packet in fresh}

    def _packet(self, packet_id: str) -> RedPacket | None:
        return self._own.packets.get(packet_id) or self._live.packets.get(packet_id)

    async def packet(self, app_id: str, packet_id: str) -> RedPacket | None:
        await self._point("packet")
        packet = self._packet(packet_id)
        return packet if packet is not None and packet.app_id == app_id else None

    async def packets_by_no(self, numbers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RedPacket]:
        await self._point("packets_by_no")
        ids = {**self._live.packet_nos, **self._own.packet_nos}
        found = {number: self._packet(ids[number]) for number in numbers if number in ids}
        return {number: packet for number, packet in found.items() if packet is not None}

    async def lock_packets(self, packet_ids: Collection[str]) -> dict[str, RedPacket]:
        await self._point("lock_packets")
        await self._held.take(Rank.PACKET, [(packet_id,) for packet_id in packet_ids])
        return {packet.id: packet for packet in map(self._packet, packet_ids) if packet is not None}

    async def save_packets(self, packets: Sequence[RedPacket]) -> None:
        await self._point("save_packets")
        for packet in packets:
            within = 0 <= packet.claimed_fen <= packet.amount_fen and 0 <= packet.claimed_count <= packet.count
            _kept(within, "red_packets_claims_within_amount")
            self._own.packets[packet.id] = packet

    async def insert_shares(self, shares: Sequence[Share]) -> None:
        await self._point("insert_shares")
        for share in shares:
            _kept(share.n not in self._live.shares.get(share.packet_id, {}), "red_packet_shares_pkey")
            self._own.shares.setdefault(share.packet_id, {})[share.n] = share

    def _shares(self, packet_id: str) -> dict[int, Share]:
        return {**self._live.shares.get(packet_id, {}), **self._own.shares.get(packet_id, {})}

    async def shares(self, packet_ids: Collection[str]) -> list[Share]:
        await self._point("shares")
        return [share for packet_id in sorted(packet_ids) for _, share in sorted(self._shares(packet_id).items())]

    async def save_shares(self, shares: Sequence[Share]) -> None:
        await self._point("save_shares")
        for share in shares:
            taken = {other.claimant for other in self._shares(share.packet_id).values() if other.n != share.n}
            _kept(share.claimant is None or share.claimant not in taken, "red_packet_shares_one_each")
            self._own.shares.setdefault(share.packet_id, {})[share.n] = share

    async def claim_packets(self, now: datetime, *, lease_until: datetime, limit: int) -> list[RedPacket]:
        await self._point("claim_packets")
        due = [p.id for p in self._live.packets.values() if p.poll_at is not None and p.poll_at <= now]
        taken = await self._held.take_free(Rank.PACKET, [(packet_id,) for packet_id in due[:limit]])
        claimed = [replace(self._live.packets[packet_id], poll_at=lease_until) for (packet_id,) in taken]
        self._own.packets.update((packet.id, packet) for packet in claimed)
        return claimed

    async def insert_payouts(self, payouts: Sequence[Payout]) -> set[str]:
        await self._point("insert_payouts")
        await self._held.take(Rank.PAYOUT_KEY, [(p.app_id, p.merchant_payout_no) for p in payouts])
        fresh = [p for p in payouts if (p.app_id, p.merchant_payout_no) not in self._live.payout_nos]
        for payout in fresh:
            claim = (payout.packet_id, payout.claimant)
            alive = (p for p in self._live.payouts.values() if (p.packet_id, p.claimant) == claim)
            _kept(all(p.status is PayoutStatus.FAILED for p in alive), "payouts_one_alive")
            self._own.payouts[payout.id] = payout
            self._own.payout_nos[payout.app_id, payout.merchant_payout_no] = payout.id
        return {payout.id for payout in fresh}

    def _payout(self, payout_id: str | None) -> Payout | None:
        if payout_id is None:
            return None
        return self._own.payouts.get(payout_id) or self._live.payouts.get(payout_id)

    async def payout(self, app_id: str, payout_id: str) -> Payout | None:
        await self._point("payout")
        payout = self._payout(payout_id)
        return payout if payout is not None and payout.app_id == app_id else None

    async def payout_by_no(self, app_id: str, merchant_payout_no: str) -> Payout | None:
        await self._point("payout_by_no")
        return self._payout({**self._live.payout_nos, **self._own.payout_nos}.get((app_id, merchant_payout_no)))

    async def lock_payout(self, payout_id: str) -> Payout | None:
        await self._point("lock_payout")
        await self._held.take(Rank.PAYOUT, [(payout_id,)])
        return self._payout(payout_id)

    async def save_payout(self, payout: Payout) -> None:
        await self._point("save_payout")
        self._own.payouts[payout.id] = payout

    async def hurry_payouts(self, out_payout_nos: Sequence[str], now: datetime) -> None:
        await self._point("hurry_payouts")
        ids = [p.id for p in self._live.payouts.values() if p.out_payout_no in set(out_payout_nos)]
        await self._held.take(Rank.PAYOUT, [(payout_id,) for payout_id in ids])
        for payout_id in ids:
            payout = self._payout(payout_id)
            if payout is not None and payout.poll_at is not None:
                self._own.payouts[payout_id] = replace(payout, poll_at=now)

    async def claim_payouts(self, now: datetime, *, lease_until: datetime, limit: int) -> list[Payout]:
        await self._point("claim_payouts")
        due = [p.id for p in self._live.payouts.values() if p.poll_at is not None and p.poll_at <= now]
        taken = await self._held.take_free(Rank.PAYOUT, [(payout_id,) for payout_id in due[:limit]])
        claimed = [replace(self._live.payouts[payout_id], poll_at=lease_until) for (payout_id,) in taken]
        self._own.payouts.update((payout.id, payout) for payout in claimed)
        return claimed
