"""
Ask the channel about a difference, act on what it says, and put the answer in words.

A payment that the bill has and our books missed is settled, by the same way as any notify; a refund under way is
brought to its end. What a query cannot explain stays open for a person: nothing is booked because a bill says so.

Facts: alipay/notify-duties, alipay/chaos
"""

from __future__ import annotations

from dataclasses import replace

from reference_gateway.channels.port import RefundState, TradeReport, TradeState
from reference_gateway.domain.money import yuan_text_of_fen
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.reconciliation import Difference, DifferenceKind, DifferenceStatus
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.transitions import RefundStatus
from reference_gateway.domain.tries import order_and_try
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from reference_gateway.service.orders.refund_payment import RefundPayment
from reference_gateway.service.orders.settle import Arrival, Settlements
from reference_gateway.service.runtime import Runtime

ASKED_ABOUT = frozenset({DifferenceKind.STATE, DifferenceKind.AMOUNT, DifferenceKind.MISSING_THERE})
"""A fee is no matter of a trade's state, and of a number that is not ours there is nothing to ask."""


class Repair:
    """One difference after the other."""

    def __init__(self, runtime: Runtime, *, settlements: Settlements, refund: RefundPayment) -> None:
        self._runtime = runtime
        self._settlements = settlements
        self._refund = refund

    async def __call__(self, difference: Difference) -> Difference:
        """Return the difference with what the channel said of it, repaired where that settled it."""
        if difference.kind not in ASKED_ABOUT or difference.status is not DifferenceStatus.OPEN:
            return difference
        try:
            if difference.row_kind == "payment":
                return await self._payment(difference)
            return await self._refunded(difference)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused) as error:
            return _with(difference, f"the channel could not be asked ({error.reason}): compare the day again")

    async def _payment(self, difference: Difference) -> Difference:
        number = order_and_try(difference.out_trade_no)[0]
        async with self._runtime.units() as unit:
            payment = (await unit.lock_payments([number])).get(number)
        if payment is None:
            return difference
        report = await self._runtime.channel(payment.channel).query(payment)
        if difference.kind is not DifferenceKind.STATE:
            return _with(difference, _told(report))
        if report.state is not TradeState.PAID:
            return _with(difference, f"{_told(report)}, so nothing was booked")
        if await self._settle(payment, report):
            return _with(difference, f"{_told(report)}: booked now", DifferenceStatus.REPAIRED)
        return _with(difference, f"{_told(report)}, which is not the order's amount: nothing was booked")

    async def _settle(self, payment: Payment, report: TradeReport) -> bool:
        """Settle what the query said; False when it is not this order's amount."""
        if report.amount_fen is None:
            raise ChannelOutcomeUnknown("paid, but no amount was told")
        notice = Notice(
            channel=payment.channel,
            notify_id="",
            kind=NoticeKind.PAID,
            out_trade_no=payment.channel_no,
            channel_trade_no=report.channel_trade_no,
            amount_fen=report.amount_fen,
            paid_at=report.paid_at,
        )
        self._runtime.crash_point("reconcile.before_settling")
        await self._settlements.submit(f"query:{payment.channel_no}", Arrival(payment.channel, notice, None, ""))
        async with self._runtime.units() as unit:
            known = await unit.known("payment", [payment.channel_no])
        return known[payment.channel_no].booked_at is not None

    async def _refunded(self, difference: Difference) -> Difference:
        pair = await self._read(difference.number)
        if pair is None:
            return difference
        refund, payment = pair
        if difference.kind is DifferenceKind.STATE and refund.status is not RefundStatus.FAILED:
            await self._refund.for_poller(refund, payment)
            pair = await self._read(difference.number)
            if pair is not None and pair[0].status is RefundStatus.SUCCEEDED:
                return _with(difference, "the channel confirms the refund: booked now", DifferenceStatus.REPAIRED)
            return _with(difference, "the channel does not confirm the refund yet; it is asked again")
        report = await self._runtime.channel(payment.channel).query_refund(payment, refund)
        made = "confirms" if report.state is RefundState.SUCCEEDED else "does not confirm"
        return _with(difference, f"asked, the channel {made} this refund")

    async def _read(self, out_request_no: str) -> tuple[Refund, Payment] | None:
        async with self._runtime.units() as unit:
            return (await unit.refunds_by_request_no([out_request_no])).get(out_request_no)


def _told(report: TradeReport) -> str:
    if report.amount_fen is None:
        return f"asked, the channel says {report.state.value}"
    return f"asked, the channel says {report.state.value}, {yuan_text_of_fen(report.amount_fen)} yuan"


def _with(difference: Difference, words: str, status: DifferenceStatus | None = None) -> Difference:
    return replace(difference, explanation=f"{difference.explanation}; {words}", status=status or difference.status)
