"""
Call the channel to open a payment whose row exists, and write down how it went.

The number is constant, so the call may be repeated after an unknown outcome. Where the channel will never tell again
what the buyer needs, the order is opened under the number of its next try. A barcode that was paid in the call is
settled as an answer to a query is.

Facts: alipay/precreate, alipay/repeat-create, alipay/unknown-outcome, unionpay/duplicates
"""

from __future__ import annotations

import asyncio

from reference_gateway.channels.port import Opening, PayRequest
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import AttemptEvent
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable, OpeningLost
from reference_gateway.service.orders.progress import Progress, ProgressCommits
from reference_gateway.service.orders.settle import Settlements, settle_report
from reference_gateway.service.runtime import Runtime


class Caller:
    """
    Whoever asked for the payment and may still wait for its opening.

    What is written down while somebody waits is the answer; what is written down after they left is told by an event.
    *written* is the payment as it was written down first.
    """

    def __init__(self) -> None:
        self.written: asyncio.Future[Payment] = asyncio.get_running_loop().create_future()
        self._left = False
        self._writing = False

    @property
    def is_owed(self) -> bool:
        """Tell whether the opening is being written down as an answer, which must then be waited for."""
        return self._writing

    def leave(self) -> None:
        self._left = True

    def begin(self) -> bool:
        """Begin to write down; tell whether nobody waits for it."""
        self._writing = not self._left
        return self._left

    def end(self, payment: Payment) -> None:
        self._writing = False
        if not self.written.done():
            self.written.set_result(payment)


class OpenPayment:
    """The call, from the first try or from the poller."""

    def __init__(self, runtime: Runtime, *, settlements: Settlements, progress: ProgressCommits) -> None:
        self._runtime = runtime
        self._settlements = settlements
        self._progress = progress

    async def __call__(self, payment: Payment, caller: Caller | None = None) -> Payment:
        """Return the payment as it stands after the call; a barcode may be paid in the call itself."""
        event, opening, code = await self._call(payment)
        progress = Progress(
            payment.out_trade_no,
            event,
            pay_params=None if opening is None else opening.params,
            failure_code=code,
            try_no=payment.try_no,
            tells=caller is None or caller.begin(),
        )
        opened = await self._progress.submit(progress, progress)
        if caller is not None:
            caller.end(opened)
        self._runtime.crash_point("create.after_opened")
        if opened.try_no > payment.try_no:
            return await self(opened, caller)
        if opening is None or opening.report is None:
            return opened
        await settle_report(self._settlements, payment, opening.report)
        async with self._runtime.units() as unit:
            return await unit.payment(payment.app_id, payment.id) or opened

    async def _call(self, payment: Payment) -> tuple[AttemptEvent, Opening | None, str | None]:
        """Return what became of the attempt, what was opened, and why it was refused."""
        self._runtime.crash_point("create.before_channel_call")
        try:
            channel = self._runtime.channel(payment.channel)
            call = channel.pay if payment.hold_fen is None else channel.preauth
            opening = await call(payment, self._ask(payment))
        except ChannelRefused as error:
            return AttemptEvent.REFUSE, None, error.reason
        except OpeningLost:
            return AttemptEvent.GIVE_UP, None, None
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            return AttemptEvent.LOSE, None, None
        finally:
            self._runtime.crash_point("create.after_channel_call")
        return AttemptEvent.OPEN, opening, None

    def _ask(self, payment: Payment) -> PayRequest:
        return PayRequest(
            notify_url=self._runtime.notify_url(payment.channel),
            ttl_s=int((payment.expires_at - payment.created_at).total_seconds()),
            return_url=payment.return_url or "",
            auth_code=payment.auth_code or "",
            payer_id=payment.payer_id or "",
            client_ip=payment.client_ip or "127.0.0.1",
        )
