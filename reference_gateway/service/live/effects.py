"""
What moves with an order in the live rooms: a tip reaches its streamer, a top-up the wallet, stock is deducted or
returned, a red packet opens, a deposit is held and released.

The money of a payment first arrives at the app's account; what it was for moves it on, in the same statement. Before a
refund is asked for, the money is brought back to the app's account, and it goes where it was if the refund fails: so
nobody can spend what is on its way back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reference_gateway.chance import Rng
from reference_gateway.domain.accounts import (
    deposit_account,
    escrow_account,
    platform_account,
    streamer_account,
    wallet_account,
)
from reference_gateway.domain.goods import LogisticsRow, StockStatus
from reference_gateway.domain.live_events import live_event, packet_view
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Account, LedgerLine, OutboxRow, Posting, PostingKind, app_account
from reference_gateway.domain.red_packet import PacketStatus, RedPacket, Share, split
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.room import Room
from reference_gateway.errors import IllegalTransition, RefundExceedsPaid
from reference_gateway.service.orders.effects import NoEffects
from reference_gateway.service.orders.purposes import Purpose, settle_stock
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork

VIRTUAL_CARRIER = "virtual"


class LiveEffects(NoEffects):
    """The consequences, by purpose."""

    def __init__(self, runtime: Runtime, *, rng: Rng, packet_ttl_s: int) -> None:
        self._runtime = runtime
        self._rng = rng
        self._packet_ttl_s = packet_ttl_s

    async def paid(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        by_purpose: dict[str, list[Payment]] = {}
        for payment in payments:
            by_purpose.setdefault(payment.purpose or "", []).append(payment)
        postings: list[Posting] = []
        if goods := by_purpose.get(Purpose.GOODS):
            await settle_stock(unit, [payment.id for payment in goods], StockStatus.DEDUCTED)
            postings += [self._on(p, "deposit", deposit_account(p.app_id)) for p in goods]
        if packets := by_purpose.get(Purpose.RED_PACKET):
            await self._open_packets(unit, packets)
            postings += [self._on(p, "packet", escrow_account(p.app_id)) for p in packets]
        if tips := by_purpose.get(Purpose.TIP):
            rooms = await unit.rooms({payment.room_id or "" for payment in tips})
            postings += [self._tip(payment, rooms[payment.room_id or ""]) for payment in tips]
        if topups := by_purpose.get(Purpose.TOPUP):
            await unit.open_accounts([Account(name, -1) for name in sorted({_wallet(p) for p in topups})])
            postings += [self._on(payment, "topup", _wallet(payment)) for payment in topups]
        return postings

    async def ended(self, unit: UnitOfWork, payments: Sequence[Payment]) -> Sequence[Posting]:
        goods = [payment.id for payment in payments if payment.purpose == Purpose.GOODS]
        packets = [payment for payment in payments if payment.purpose == Purpose.RED_PACKET]
        if goods:
            await settle_stock(unit, goods, StockStatus.RETURNED)
        if packets:
            await self._cancel_packets(unit, packets)
        return ()

    async def shipped(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        if payment.purpose == Purpose.GOODS:
            number = self._runtime.ids.new("sh")
            row = LogisticsRow(payment.id, VIRTUAL_CARRIER, number, self._runtime.clock.now())
            await unit.insert_logistics([row])
        return ()

    async def completed(self, unit: UnitOfWork, payment: Payment) -> Sequence[Posting]:
        """Release what is left of the deposit: refunds have taken their part already."""
        if payment.purpose != Purpose.GOODS:
            return ()
        held_fen = owed(await unit.ledger_lines([payment.id])).get(deposit_account(payment.app_id), 0)
        if not held_fen:
            return ()
        return [self._back(payment, "release", deposit_account(payment.app_id), held_fen, key=f"release:{payment.id}")]

    async def refunding(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        """
        Bring back what a refund will need, before the channel hears of it.

        Raises:
            RefundExceedsPaid: it has been spent.
            IllegalTransition: this kind of order is not refunded.
        """
        if payment.purpose == Purpose.RED_PACKET:
            told = "a red packet is not refunded; what nobody claims returns to its buyer's wallet when it expires"
            raise IllegalTransition(told, code="red_packet_not_refundable")
        parts = await self._held(unit, payment, refund)
        balances = await unit.lock_balances([name for name, fen in parts.items() if fen])
        for name, fen in parts.items():
            if balances.get(name, 0) < fen:
                raise RefundExceedsPaid("the money of this payment has been spent", code="balance_spent")
        return [
            self._back(payment, "hold", name, fen, key=f"hold:{refund.id}:{number}", posting_id=f"h{number}{refund.id}")
            for number, (name, fen) in enumerate(parts.items())
            if fen
        ]

    async def unrefunded(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> Sequence[Posting]:
        """Give back what was brought: the refund FAILED. A refund for which nothing was brought gets nothing."""
        lines = await unit.ledger_lines([payment.id])
        brought = [line for line in lines if line.kind == "hold" and line.transaction_id.endswith(refund.id)]
        app = app_account(payment.app_id)
        return [
            self._posting(payment, "unhold", app, line.account, line.amount_fen, key=f"unhold:{line.transaction_id}")
            for line in brought
            if line.account != app
        ]

    async def _held(self, unit: UnitOfWork, payment: Payment, refund: Refund) -> dict[str, int]:
        """Say from which accounts a refund's money comes back, and how much from each."""
        app_id = payment.app_id
        if payment.purpose == Purpose.TOPUP:
            return {_wallet(payment): refund.amount_fen}
        if payment.purpose == Purpose.GOODS:
            lines = await unit.ledger_lines([payment.id])
            held_fen = owed(lines).get(deposit_account(app_id), 0)
            return {deposit_account(app_id): min(held_fen, refund.amount_fen)}
        if payment.purpose == Purpose.TIP:
            room = (await unit.rooms([payment.room_id or ""]))[payment.room_id or ""]
            lines = await unit.ledger_lines([payment.id])
            return _tip_parts(payment, refund, room, lines)
        return {}

    def _tip(self, payment: Payment, room: Room) -> Posting:
        fee_fen = room.platform_fen(payment.amount_fen)
        streamer = streamer_account(payment.app_id, room.streamer_id)
        fee = ((platform_account(payment.app_id), fee_fen),) if fee_fen else ()
        return self._on(payment, "tip", streamer, splits=fee)

    async def _open_packets(self, unit: UnitOfWork, payments: Sequence[Payment]) -> None:
        """Split each packet, now that its money is there."""
        now = self._runtime.clock.now()
        packets, by_packet = await _packets_of(unit, payments)
        expires_at = now + timedelta(seconds=self._packet_ttl_s)
        for packet in packets:
            parts = split(packet.amount_fen, packet.count, self._rng.below)
            await unit.insert_shares([Share(packet.id, n, part_fen) for n, part_fen in enumerate(parts)])
        opened = [
            replace(
                packet,
                status=PacketStatus.OPEN,
                payment_id=by_packet[packet.id],
                expires_at=expires_at,
                poll_at=expires_at,
            )
            for packet in packets
        ]
        if opened:
            await unit.save_packets(opened)
            await self._runtime.tell(unit, [self._opened(packet, now) for packet in opened])

    def _opened(self, packet: RedPacket, now: datetime) -> OutboxRow:
        event_id = self._runtime.ids.new("ev")
        return live_event(event_id, "red_packet.opened", app_id=packet.app_id, data=packet_view(packet), at=now)

    async def _cancel_packets(self, unit: UnitOfWork, payments: Sequence[Payment]) -> None:
        packets, _ = await _packets_of(unit, payments)
        if packets:
            await unit.save_packets([replace(packet, status=PacketStatus.CANCELLED) for packet in packets])

    def _on(self, payment: Payment, kind: PostingKind, to: str, *, splits: tuple[tuple[str, Fen], ...] = ()) -> Posting:
        """Move a payment's money on from the app's account."""
        app, key = app_account(payment.app_id), f"{kind}:{payment.id}"
        return self._posting(payment, kind, app, to, payment.amount_fen, key=key, splits=splits)

    def _back(
        self, payment: Payment, kind: PostingKind, of: str, amount_fen: int, *, key: str, posting_id: str = ""
    ) -> Posting:
        """Move money back to the app's account."""
        app = app_account(payment.app_id)
        posting = self._posting(payment, kind, of, app, amount_fen, key=key)
        return replace(posting, id=posting_id) if posting_id else posting

    def _posting(
        self,
        payment: Payment,
        kind: PostingKind,
        debit: str,
        credit: str,
        amount_fen: int,
        *,
        key: str,
        splits: tuple[tuple[str, Fen], ...] = (),
    ) -> Posting:
        now = self._runtime.clock.now()
        lt = self._runtime.ids.new("lt")
        return Posting(lt, key, kind, payment.id, None, debit, credit, Fen(amount_fen), now, splits)


def owed(lines: Collection[LedgerLine]) -> dict[str, int]:
    """Sum what is owed to each account, over these entries."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.account] = sums.get(line.account, 0) - line.amount_fen
    return sums


def _wallet(payment: Payment) -> str:
    return wallet_account(payment.app_id, payment.buyer_id or "")


def _tip_parts(payment: Payment, refund: Refund, room: Room, lines: Collection[LedgerLine]) -> dict[str, int]:
    """Share a refund as the tip was shared, so that refunds that sum to the tip take back what each got, to the fen."""
    got = {line.account: -line.amount_fen for line in lines if line.kind == "tip" and line.amount_fen < 0}
    left = owed([line for line in lines if line.kind in ("tip", "hold", "unhold")])
    platform = platform_account(payment.app_id)
    streamer = streamer_account(payment.app_id, room.streamer_id)
    fee_fen = got.get(platform, 0)
    back_before_fen = payment.amount_fen - left.get(platform, 0) - left.get(streamer, 0)
    back_fen = back_before_fen + refund.amount_fen
    fee_back_fen = fee_fen * back_fen // payment.amount_fen - (fee_fen - left.get(platform, 0))
    fee_back_fen = max(0, min(fee_back_fen, refund.amount_fen, left.get(platform, 0)))
    return {platform: fee_back_fen, streamer: refund.amount_fen - fee_back_fen}


async def _packets_of(unit: UnitOfWork, payments: Sequence[Payment]) -> tuple[list[RedPacket], Mapping[str, str]]:
    """Lock the packets that these payments fund; return those still waiting, and each one's payment."""
    numbers = {(payment.app_id, payment.merchant_order_no): payment.id for payment in payments}
    found = await unit.packets_by_no(list(numbers))
    by_packet = {packet.id: numbers[number] for number, packet in found.items()}
    locked = await unit.lock_packets(sorted(by_packet))
    return [packet for packet in locked.values() if packet.status is PacketStatus.FUNDING], by_packet
