"""
Pay out a claimed share of a red packet: take it from the claimant's wallet first, then transfer, always under the same
number.

The money leaves the wallet, and the channel's account, before the channel hears of it, so neither can be spent twice.
An unknown outcome is asked about under its number; only a failure that the channel vouches for brings the money back
and lets the claim be paid out under a new number.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from reference_gateway.channels.port import PayoutReport, PayoutState
from reference_gateway.domain.accounts import wallet_account
from reference_gateway.domain.live_events import LiveEventType, live_event, payout_view
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.records import Posting, PostingKind, Transition, channel_account
from reference_gateway.domain.red_packet import RedPacket, Share
from reference_gateway.domain.transitions import PAYOUT_STEPS, PayoutEvent, PayoutStatus, Verdict
from reference_gateway.errors import (
    BadRequest,
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    ConstraintBroken,
    IllegalTransition,
    OrderConflict,
    UnknownPacket,
    UnknownPayout,
)
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.service.workers import CLAIM_MAX, Worker, guarded

ENDED = (PayoutStatus.SUCCEEDED, PayoutStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRequest:
    """What the merchant asked for, validated."""

    merchant_payout_no: str
    packet_id: str
    claimant: str
    channel: str
    account: str
    account_name: str | None = None


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """The payout for a number; *fresh* when this request made it."""

    payout: Payout
    fresh: bool


@dataclass(frozen=True, slots=True)
class _Outcome:
    """None for *event*: nobody knows yet."""

    event: PayoutEvent | None
    failure_code: str | None = None
    channel_payout_no: str | None = None


_LATER = _Outcome(None)


class Payouts:
    """The use cases, for merchants and for the worker."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self, app_id: str, request: PayoutRequest) -> PayoutAnswer:
        """
        Take the money, transfer it, and return the payout as it stands.

        Raises:
            UnknownPacket: there is no such claim.
            OrderConflict: the number stands for another payout.
            IllegalTransition: the claim is being paid out already, or its money is not there.
        """
        channel = self._runtime.channel(request.channel)
        if "transfer" not in channel.supports():
            raise BadRequest(f"{request.channel} cannot pay out", code="unknown_product")
        answer = await self._reserve(app_id, request)
        if not answer.fresh:
            return answer
        self._runtime.crash_point("payout.after_reserve")
        self._runtime.payouts_bell.ring()
        call = self._runtime.background.spawn(self._first_call(answer.payout), f"payout {answer.payout.id}")
        done, _ = await asyncio.wait({call}, timeout=self._runtime.rules.sync_wait_s)
        return PayoutAnswer(call.result() if done else answer.payout, fresh=True)

    async def read(self, app_id: str, payout_id: str) -> Payout:
        """Return the app's payout, or say that there is none."""
        async with self._runtime.units() as unit:
            payout = await unit.payout(app_id, payout_id)
        if payout is None:
            raise UnknownPayout
        return payout

    async def for_worker(self, payout: Payout) -> None:
        """Ask about the number; send it again, under the same number, only if the channel has never heard of it."""
        channel = self._runtime.channel(payout.channel)
        try:
            report = await channel.query_transfer(payout)
            if report.state is PayoutState.MISSING:
                report = await self._call(payout)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused):
            # A refusal of a repeated call does not say what became of the first one: ask again.
            outcome = _LATER
        else:
            outcome = _told(report)
        await self._finish(payout, outcome)

    def payer(self) -> Worker:
        """Make the worker that asks about payouts without an end."""
        runtime = self._runtime

        async def round_() -> bool:
            now = runtime.clock.now()
            async with runtime.units() as unit:
                claimed = await unit.claim_payouts(now, lease_until=runtime.lease_until(now), limit=CLAIM_MAX)
                if claimed:
                    await unit.commit()
            await asyncio.gather(*(guarded(self.for_worker(payout)) for payout in claimed))
            return len(claimed) == CLAIM_MAX

        return Worker("payer", runtime, bell=runtime.payouts_bell, round_=round_, due=lambda due: due.payouts)

    async def _reserve(self, app_id: str, request: PayoutRequest) -> PayoutAnswer:
        now = self._runtime.clock.now()
        async with self._runtime.units() as unit:
            earlier = await unit.payout_by_no(app_id, request.merchant_payout_no)
            if earlier is not None:
                return _same(earlier, request)
            packet = await unit.packet(app_id, request.packet_id)
            shares = await unit.shares([request.packet_id]) if packet is not None else []
            share = next((share for share in shares if share.claimant == request.claimant), None)
            if packet is None or share is None:
                raise UnknownPacket("nobody of this name has claimed a share of this red packet")
            payout = self._payout(packet, share, request, now)
            await _insert(unit, payout, request)
            await self._take(unit, payout)
            await unit.commit()
        return PayoutAnswer(payout, fresh=True)

    async def _take(self, unit: UnitOfWork, payout: Payout) -> None:
        wallet, channel = wallet_account(payout.app_id, payout.claimant), channel_account(payout.channel)
        balances = await unit.lock_balances(sorted((wallet, channel)))
        if balances.get(wallet, 0) < payout.amount_fen:
            raise IllegalTransition("the claimant's balance does not reach for this payout", code="balance_spent")
        if balances.get(channel, 0) < payout.amount_fen:
            told = f"{payout.channel} holds {balances.get(channel, 0)} fen for us, which is less than the payout"
            raise IllegalTransition(told, code="channel_balance_short")
        await unit.post([self._posting(payout, "payout", wallet, channel)])

    def _payout(self, packet: RedPacket, share: Share, request: PayoutRequest, now: datetime) -> Payout:
        return Payout(
            id=self._runtime.ids.new("po"),
            app_id=packet.app_id,
            merchant_payout_no=request.merchant_payout_no,
            out_payout_no=self._runtime.ids.new("P"),
            payment_id=packet.payment_id or "",
            packet_id=packet.id,
            claimant=request.claimant,
            channel=request.channel,
            account=request.account,
            account_name=request.account_name,
            amount_fen=Fen(share.amount_fen),
            created_at=now,
            poll_at=self._runtime.rules.first_poll_at(now, channel=request.channel),
        )

    async def _first_call(self, payout: Payout) -> Payout:
        """Call for the first time; a refusal is believed, because no earlier call can have moved the money."""
        try:
            outcome = _told(await self._call(payout))
        except ChannelRefused as error:
            outcome = _Outcome(PayoutEvent.FAIL, error.reason)
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            outcome = _LATER
        return await self._finish(payout, outcome)

    async def _call(self, payout: Payout) -> PayoutReport:
        self._runtime.crash_point("payout.before_channel_call")
        report = await self._runtime.channel(payout.channel).transfer(payout)
        self._runtime.crash_point("payout.after_channel_call")
        return report

    async def _finish(self, payout: Payout, outcome: _Outcome) -> Payout:
        """Write the outcome down, once; a payout that has ended stays as it ended."""
        now = self._runtime.clock.now()
        async with self._runtime.units() as unit:
            current = await unit.lock_payout(payout.id)
            if current is None:
                raise UnknownPayout
            if current.status in ENDED:
                return current
            after, moves = self._moved(current, outcome, now)
            await unit.save_payout(after)
            await unit.record_transitions(moves)
            if after.status is PayoutStatus.FAILED:
                wallet, channel = wallet_account(after.app_id, after.claimant), channel_account(after.channel)
                await unit.post([self._posting(after, "payout_back", channel, wallet)])
            if after.status in ENDED:
                kind: LiveEventType = "payout.succeeded" if after.status is PayoutStatus.SUCCEEDED else "payout.failed"
                event_id = self._runtime.ids.new("ev")
                event = live_event(event_id, kind, app_id=after.app_id, data=payout_view(after), at=now)
                await self._runtime.tell(unit, [event])
            self._runtime.crash_point("payout.before_commit")
            await unit.commit()
        self._runtime.outbox_bell.ring()
        self._runtime.payouts_bell.ring()
        return after

    def _moved(self, payout: Payout, outcome: _Outcome, now: datetime) -> tuple[Payout, list[Transition]]:
        moves: list[Transition] = []
        status = payout.status
        for event in (PayoutEvent.SEND, *([outcome.event] if outcome.event else [])):
            step = PAYOUT_STEPS[status, event]
            if step.verdict is Verdict.MOVE:
                detail = outcome.failure_code or ""
                moves.append(
                    Transition("payout", payout.id, status.value, event.value, step.to.value, True, detail, now)
                )
            status = step.to
        told = outcome.channel_payout_no or payout.channel_payout_no
        if outcome.event is None:
            poll_at = self._runtime.rules.unknown_at(now, payout.poll_rung, channel=payout.channel)
            rung = payout.poll_rung + 1
            return replace(payout, status=status, channel_payout_no=told, poll_at=poll_at, poll_rung=rung), moves
        ended = replace(
            payout,
            status=status,
            channel_payout_no=told,
            failure_code=outcome.failure_code,
            finished_at=now,
            poll_at=None,
        )
        return ended, moves

    def _posting(self, payout: Payout, kind: PostingKind, debit: str, credit: str) -> Posting:
        now = self._runtime.clock.now()
        key = f"{kind}:{payout.id}"
        lt = self._runtime.ids.new("lt")
        return Posting(lt, key, kind, payout.payment_id, None, debit, credit, payout.amount_fen, now)


async def _insert(unit: UnitOfWork, payout: Payout, request: PayoutRequest) -> None:
    try:
        fresh = await unit.insert_payouts([payout])
    except ConstraintBroken as error:
        raise IllegalTransition("this claim is paid out, or being paid out", code="claim_paid_out") from error
    if not fresh:
        raise OrderConflict(f"merchant_payout_no {request.merchant_payout_no} was taken this very moment; send again")


def _same(earlier: Payout, request: PayoutRequest) -> PayoutAnswer:
    asked = (request.packet_id, request.claimant, request.channel, request.account, request.account_name)
    if (earlier.packet_id, earlier.claimant, earlier.channel, earlier.account, earlier.account_name) != asked:
        raise OrderConflict("this merchant_payout_no was used before for another payout; take a new number")
    return PayoutAnswer(earlier, fresh=False)


def _told(report: PayoutReport) -> _Outcome:
    number = report.channel_payout_no or None
    if report.state is PayoutState.SUCCEEDED:
        return _Outcome(PayoutEvent.SUCCEED, channel_payout_no=number)
    if report.state is PayoutState.FAILED:
        return _Outcome(PayoutEvent.FAIL, report.failure_code or "channel_failed", number)
    return _Outcome(None, channel_payout_no=number)
