"""
Red packets: funded by a payment, claimed by people, one share each; what nobody claims goes back.

A packet is locked while its shares are given out, a batch of claims in one transaction: the sum of the claims is the
sum of shares that were fixed when it opened. A claim is money in the claimant's wallet, from which it can be paid out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reference_gateway.domain.accounts import escrow_account, wallet_account
from reference_gateway.domain.live_events import claim_view, live_event, packet_view
from reference_gateway.domain.money import Fen
from reference_gateway.domain.records import Account, OutboxRow, Posting, PostingKind
from reference_gateway.domain.red_packet import PacketStatus, RedPacket, Share
from reference_gateway.errors import GatewayError, OrderConflict, PacketGone, UnknownPacket
from reference_gateway.service.orders.create_payment import Admission, CreatePayment, OrderRequest
from reference_gateway.service.orders.purposes import Purpose
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.service.workers import CLAIM_MAX, Worker
from reference_gateway.store.group_commit import GroupCommit


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRequest:
    """What the merchant asked for, validated."""

    packet_no: str
    buyer_id: str
    amount_fen: Fen
    count: int
    channel: str
    product: str
    room_id: str | None = None

    def order(self) -> OrderRequest:
        """The payment that funds it."""
        return OrderRequest(
            merchant_order_no=self.packet_no,
            amount_fen=self.amount_fen,
            currency="CNY",
            subject=f"red packet for {self.count}",
            channel=self.channel,
            product=self.product,
            buyer_id=self.buyer_id,
            room_id=self.room_id,
            purpose=Purpose.RED_PACKET.value,
        )


@dataclass(frozen=True, slots=True)
class ClaimAnswer:
    """The share; *fresh* when this claim took it."""

    share: Share
    fresh: bool


ClaimKey = tuple[str, str, str]
Claims = GroupCommit[ClaimKey, ClaimKey, ClaimAnswer | GatewayError]


class RedPackets:
    """The use cases."""

    def __init__(self, runtime: Runtime, create: CreatePayment) -> None:
        self._runtime = runtime
        self._create = create
        self.claims: Claims = GroupCommit(self._give)

    async def fund(self, app_id: str, request: PacketRequest) -> tuple[RedPacket, Admission]:
        """
        Keep the packet, then pay for it; the same number again gets the same packet.

        Raises:
            OrderConflict: the number stands for another packet or order.
        """
        digest = hashlib.sha256(f"{request.order().digest()}:{request.count}".encode()).hexdigest()
        packet = RedPacket(
            id=self._runtime.ids.new("rp"),
            app_id=app_id,
            packet_no=request.packet_no,
            room_id=request.room_id,
            buyer_id=request.buyer_id,
            amount_fen=request.amount_fen,
            count=request.count,
            request_digest=digest,
            created_at=self._runtime.clock.now(),
        )
        async with self._runtime.units() as unit:
            if not await unit.insert_packets([packet]):
                packet = (await unit.packets_by_no([(app_id, request.packet_no)]))[app_id, request.packet_no]
                if packet.request_digest != digest:
                    raise OrderConflict("this packet_no was used before with other content; take a new number")
            await unit.commit()
        self._runtime.crash_point("packet.after_row")
        admission = await self._create(app_id, request.order(), idempotency_key=None)
        return await self.read(app_id, packet.id), admission

    async def read(self, app_id: str, packet_id: str) -> RedPacket:
        """Return the app's packet, or say that there is none."""
        async with self._runtime.units() as unit:
            packet = await unit.packet(app_id, packet_id)
        if packet is None:
            raise UnknownPacket
        return packet

    async def claimed(self, app_id: str, packet_id: str) -> list[Share]:
        """Return the shares that were claimed, in order of their time."""
        await self.read(app_id, packet_id)
        async with self._runtime.units() as unit:
            shares = await unit.shares([packet_id])
        taken = [(share.claimed_at, share) for share in shares if share.claimed_at is not None]
        return [share for _, share in sorted(taken, key=lambda pair: (pair[0], pair[1].n))]

    async def claim(self, app_id: str, packet_id: str, *, claimant: str) -> ClaimAnswer:
        """
        Take one share, once for each person.

        Raises:
            UnknownPacket: there is none.
            PacketGone: nothing of it is left, or it is not open.
        """
        key = (app_id, packet_id, claimant)
        answer = await self.claims.submit(key, key)
        if isinstance(answer, GatewayError):
            raise type(answer)(answer.detail, code=answer.reason)
        self._runtime.crash_point("claim.after_commit")
        return answer

    async def _give(self, batch: Mapping[ClaimKey, ClaimKey]) -> Mapping[ClaimKey, ClaimAnswer | GatewayError]:
        async with self._runtime.units() as unit:
            giving = _Giving(self._runtime, self._runtime.clock.now())
            packets = await unit.lock_packets(sorted({packet_id for _, packet_id, _ in batch}))
            giving.packets = packets
            for share in await unit.shares(sorted(packets)):
                giving.shares.setdefault(share.packet_id, []).append(share)
            answers = {key: giving.give(*key) for key in batch}
            if giving.given:
                await giving.write(unit)
                self._runtime.crash_point("claim.before_commit")
                await unit.commit()
        if giving.given:
            self._runtime.outbox_bell.ring()
        return answers

    async def expire(self, packet: RedPacket) -> None:
        """Give back what nobody claimed, once."""
        runtime = self._runtime
        now = runtime.clock.now()
        async with runtime.units() as unit:
            current = (await unit.lock_packets([packet.id]))[packet.id]
            over = current.expires_at is not None and current.expires_at <= now
            if current.status is not PacketStatus.OPEN or not over:
                return
            rest_fen = current.amount_fen - current.claimed_fen
            after = replace(current, status=PacketStatus.EXPIRED, poll_at=None)
            await unit.save_packets([after])
            wallet = wallet_account(after.app_id, after.buyer_id)
            await unit.lock_balances([escrow_account(after.app_id)])
            await unit.open_accounts([Account(wallet, -1)])
            key = f"packet_return:{after.id}"
            await unit.post([_posting(runtime, after, "packet_return", wallet, rest_fen, key=key, at=now)])
            await runtime.tell(unit, [_expired(runtime, after, now)])
            runtime.crash_point("packet.before_expiry_commit")
            await unit.commit()
        runtime.outbox_bell.ring()

    def expirer(self) -> Worker:
        """Make the worker that looks after packets whose time is over."""
        runtime = self._runtime

        async def round_() -> bool:
            now = runtime.clock.now()
            async with runtime.units() as unit:
                claimed = await unit.claim_packets(now, lease_until=runtime.lease_until(now), limit=CLAIM_MAX)
                if claimed:
                    await unit.commit()
            for packet in claimed:
                await self.expire(packet)
            return len(claimed) == CLAIM_MAX

        return Worker("expirer", runtime, bell=runtime.packets_bell, round_=round_, due=lambda due: due.packets)


class _Giving:
    """What a batch of claims will write; decided without waiting, under the packets' locks."""

    def __init__(self, runtime: Runtime, now: datetime) -> None:
        self._runtime = runtime
        self._now = now
        self.packets: dict[str, RedPacket] = {}
        self.shares: dict[str, list[Share]] = {}
        self.given: list[Share] = []

    def give(self, app_id: str, packet_id: str, claimant: str) -> ClaimAnswer | GatewayError:
        packet = self.packets.get(packet_id)
        if packet is None or packet.app_id != app_id:
            return UnknownPacket()
        shares = self.shares.get(packet_id, [])
        for share in shares:
            if share.claimant == claimant:
                return ClaimAnswer(share, fresh=False)
        over = packet.expires_at is not None and packet.expires_at <= self._now
        if packet.status is not PacketStatus.OPEN or over:
            return PacketGone(f"the red packet is {'EXPIRED' if over else packet.status.value}")
        free = next(index for index, share in enumerate(shares) if share.claimant is None)
        share = replace(shares[free], claimant=claimant, claimed_at=self._now)
        shares[free] = share
        claimed_count = packet.claimed_count + 1
        empty = claimed_count == packet.count
        self.packets[packet_id] = replace(
            packet,
            claimed_count=claimed_count,
            claimed_fen=packet.claimed_fen + share.amount_fen,
            status=PacketStatus.EMPTY if empty else packet.status,
            poll_at=None if empty else packet.poll_at,
        )
        self.given.append(share)
        return ClaimAnswer(share, fresh=True)

    async def write(self, unit: UnitOfWork) -> None:
        changed = sorted({share.packet_id for share in self.given})
        await unit.save_packets([self.packets[packet_id] for packet_id in changed])
        await unit.save_shares(self.given)
        await unit.lock_balances(sorted({escrow_account(self.packets[packet_id].app_id) for packet_id in changed}))
        wallets = {share: self._wallet(share) for share in self.given}
        await unit.open_accounts([Account(name, -1) for name in sorted(set(wallets.values()))])
        await unit.post([self._posting(share, wallet) for share, wallet in wallets.items()])
        await self._runtime.tell(unit, [self._event(share) for share in self.given])

    def _wallet(self, share: Share) -> str:
        return wallet_account(self.packets[share.packet_id].app_id, share.claimant or "")

    def _posting(self, share: Share, wallet: str) -> Posting:
        packet = self.packets[share.packet_id]
        key = f"claim:{share.packet_id}:{share.n}"
        return _posting(self._runtime, packet, "claim", wallet, share.amount_fen, key=key, at=self._now)

    def _event(self, share: Share) -> OutboxRow:
        packet = self.packets[share.packet_id]
        data = {**packet_view(packet), "claim": claim_view(share)}
        event_id = self._runtime.ids.new("ev")
        return live_event(event_id, "red_packet.claimed", app_id=packet.app_id, data=data, at=self._now)


def _posting(
    runtime: Runtime, packet: RedPacket, kind: PostingKind, to: str, amount_fen: int, *, key: str, at: datetime
) -> Posting:
    escrow = escrow_account(packet.app_id)
    payment_id = packet.payment_id or ""
    return Posting(runtime.ids.new("lt"), key, kind, payment_id, None, escrow, to, Fen(amount_fen), at)


def _expired(runtime: Runtime, packet: RedPacket, now: datetime) -> OutboxRow:
    return live_event(
        runtime.ids.new("ev"), "red_packet.expired", app_id=packet.app_id, data=packet_view(packet), at=now
    )
