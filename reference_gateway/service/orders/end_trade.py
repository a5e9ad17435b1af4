"""
End a trade at its channel, in that channel's own way, and only then here.

A barcode is reversed. Any other trade is closed; a QR code of which the channel knows nothing, because nobody scanned
it, is revoked. A channel without a close ends its trades by itself: it is asked once their time is over, and what it
could reverse is never reversed only for being late. What was asked before without a clear answer is asked about first,
never assumed. Who has paid meanwhile is settled, not ended.

Facts: alipay/cancel, alipay/close, alipay/timeouts, alipay/unknown-outcome
"""

from __future__ import annotations

from datetime import timedelta

from reference_gateway.channels.port import EndState, TradeReport, TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import ENDED, AttemptStatus
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from reference_gateway.service.orders.book_reversal import BookReversal
from reference_gateway.service.orders.earlier_tries import return_others, settle_earlier
from reference_gateway.service.orders.progress import Progress, ProgressCommits, end_event, end_of
from reference_gateway.service.orders.settle import Settlements, settle_report
from reference_gateway.service.runtime import Runtime

_STATES = {
    TradeState.CLOSED: EndState.CLOSED,
    TradeState.WAITING: EndState.WAITING,
    TradeState.MISSING: EndState.MISSING,
}


class EndTrade:
    """One try at ending, and its consequences."""

    def __init__(
        self, runtime: Runtime, *, settlements: Settlements, progress: ProgressCommits, reversal: BookReversal
    ) -> None:
        self._runtime = runtime
        self._settlements = settlements
        self._progress = progress
        self._reversal = reversal

    async def __call__(self, payment: Payment) -> None:
        """Ask the channel, and write down what it said; without a clear answer it is tried again later."""
        if payment.paid_at is not None and payment.status not in ENDED:
            await self._see_to_paid(payment)
            return
        self._runtime.crash_point("end.before_channel_call")
        try:
            state = await self._ended(payment)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused):
            state = EndState.WAITING
        self._runtime.crash_point("end.after_channel_call")
        if state is EndState.GIVEN_BACK:
            await self._reversal(payment, end_event(payment))
        elif state is EndState.CLOSED or (state is EndState.MISSING and not self._may_still_arrive(payment)):
            await self._go_on(end_of(payment, unasked="expired"))
        elif state is not EndState.PAID:
            await self._go_on(Progress(payment.out_trade_no, end_later=True))
        self._runtime.crash_point("end.after_commit")

    async def _see_to_paid(self, payment: Payment) -> None:
        """
        See to the other numbers of an order that was paid under one, and whether a wish to end it has reversed it.

        The reversal may have been asked for by somebody who did not live to hear the answer.
        """
        try:
            if payment.end_event is not None and await self._asked_about(payment) is EndState.GIVEN_BACK:
                await self._reversal(payment, payment.end_event)
                return
            over = await return_others(self._runtime, self._settlements, payment)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused):
            over = False
        await self._go_on(Progress(payment.out_trade_no, end_later=not over, end_over=over))

    async def _ended(self, payment: Payment) -> EndState:
        if await settle_earlier(self._runtime, self._settlements, payment):
            return EndState.PAID
        channel = self._runtime.channel(payment.channel)
        offered = channel.supports()
        by_itself = _ends_by_itself(payment, offered)
        # Asked before: what became of that comes first.
        if payment.end_rung or by_itself:
            state = await self._asked_about(payment)
            if by_itself or state not in (EndState.WAITING, EndState.MISSING):
                return state
        try:
            return await self._asked_to_end(payment, offered)
        except ChannelRefused:
            return await self._asked_about(payment)

    async def _asked_to_end(self, payment: Payment, offered: frozenset[str]) -> EndState:
        channel = self._runtime.channel(payment.channel)
        if payment.product == "barcode" and "reverse" in offered:
            state = await channel.reverse(payment)
        else:
            state = await channel.close(payment)
            if state is EndState.MISSING and payment.product == "qr" and "reverse" in offered:
                state = await channel.reverse(payment)
        return await self._asked_about(payment) if state is EndState.PAID else state

    async def _asked_about(self, payment: Payment) -> EndState:
        """Query; who has paid is settled here and now."""
        report = await self._runtime.channel(payment.channel).query(payment)
        if report.state is not TradeState.PAID:
            return self._judged(payment, report)
        if report.given_back:
            return EndState.GIVEN_BACK
        await settle_report(self._settlements, payment, report)
        return EndState.PAID

    def _judged(self, payment: Payment, report: TradeReport) -> EndState:
        state = _STATES[report.state]
        by_itself = _ends_by_itself(payment, self._runtime.channel(payment.channel).supports())
        if state is EndState.MISSING and by_itself and not self._is_over(payment):
            return EndState.WAITING
        return state

    def _may_still_arrive(self, payment: Payment) -> bool:
        """Tell whether the call that opens the trade may still be on its way to the channel."""
        if payment.attempt not in (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN):
            return False
        patience = timedelta(seconds=self._runtime.rules.channel_timeout_s)
        return self._runtime.clock.now() <= payment.created_at + patience

    def _is_over(self, payment: Payment) -> bool:
        grace = timedelta(seconds=self._runtime.rules.close_grace_s)
        return self._runtime.clock.now() > payment.expires_at + grace

    async def _go_on(self, progress: Progress) -> None:
        await self._progress.submit(progress, progress)


def _ends_by_itself(payment: Payment, offered: frozenset[str]) -> bool:
    """Tell whether nothing can be asked of the channel to end this trade before its time."""
    return "close" not in offered and not (payment.product == "barcode" and "reverse" in offered)
