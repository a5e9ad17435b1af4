"""
Ask a channel how a payment stands, and act on what it says.

A payment whose opening was never answered is opened again under its own number once the channel says that it knows
nothing of it; one that was opened under more than one number is asked about under each. An order is closed only when
the channel has closed it, or knows nothing of it after it has expired.

Facts: alipay/query, alipay/unknown-outcome, alipay/timeouts
"""

from __future__ import annotations

from datetime import timedelta

from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import AttemptStatus, PaymentStatus
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, UnknownPayment
from reference_gateway.service.orders.book_reversal import BookReversal
from reference_gateway.service.orders.earlier_tries import settle_earlier
from reference_gateway.service.orders.open_payment import OpenPayment
from reference_gateway.service.orders.progress import Progress, ProgressCommits, end_event, end_of
from reference_gateway.service.orders.settle import Settlements, settle_report
from reference_gateway.service.runtime import Runtime


class QueryPayment:
    """One question to the channel and its consequences."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        settlements: Settlements,
        progress: ProgressCommits,
        open_payment: OpenPayment,
        reversal: BookReversal,
    ) -> None:
        self._runtime = runtime
        self._settlements = settlements
        self._progress = progress
        self._open_payment = open_payment
        self._reversal = reversal

    async def __call__(self, payment: Payment) -> None:
        """
        Ask and act.

        Raises:
            ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused: the question has no answer; nothing changed.
        """
        self._runtime.crash_point("query.before_channel_call")
        report = await self._runtime.channel(payment.channel).query(payment)
        self._runtime.crash_point("query.after_channel_call")
        number = payment.out_trade_no
        if report.state is TradeState.PAID:
            await self._settle(payment, report)
        elif await settle_earlier(self._runtime, self._settlements, payment):
            return
        elif report.state is TradeState.CLOSED:
            await self._go_on(end_of(payment, unasked="closed_by_channel"))
        elif report.state is TradeState.MISSING and self._is_over(payment):
            await self._go_on(end_of(payment, unasked="expired"))
        elif payment.attempt in (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN):
            await self._open_payment(payment)
        else:
            await self._go_on(Progress(number))

    async def for_poller(self, payment: Payment) -> None:
        """Ask; where there is no answer, ask again later."""
        try:
            await self(payment)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused):
            await self._go_on(Progress(payment.out_trade_no))

    async def for_merchant(self, app_id: str, payment_id: str) -> Payment:
        """Ask now if anything is open, and return the payment as it stands."""
        payment = await self.read(app_id, payment_id)
        if payment.status is PaymentStatus.PENDING:
            await self(payment)
            payment = await self.read(app_id, payment_id)
        return payment

    async def read(self, app_id: str, payment_id: str) -> Payment:
        """Return the app's payment, or say that there is none."""
        async with self._runtime.units() as unit:
            payment = await unit.payment(app_id, payment_id)
        if payment is None:
            raise UnknownPayment
        return payment

    async def _settle(self, payment: Payment, report: TradeReport) -> None:
        if report.given_back:
            await self._reversal(payment, end_event(payment))
            return
        judgement = await settle_report(self._settlements, payment, report)
        if judgement.code == "amount_mismatch":
            await self._go_on(Progress(payment.out_trade_no))

    async def _go_on(self, progress: Progress) -> None:
        await self._progress.submit(progress, progress)

    def _is_over(self, payment: Payment) -> bool:
        grace = timedelta(seconds=self._runtime.rules.close_grace_s)
        return self._runtime.clock.now() > payment.expires_at + grace
