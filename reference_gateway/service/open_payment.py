"""
Call the channel to open a payment whose row exists, and write down how it went.

The number is constant, so the call may be repeated after an unknown outcome. Whatever the answer, money is not booked
here.

Facts: alipay/precreate, alipay/repeat-create, alipay/unknown-outcome
"""

from __future__ import annotations

from reference_gateway.channels.port import PayRequest
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import AttemptEvent
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from reference_gateway.service.progress import Progress, ProgressCommits
from reference_gateway.service.runtime import Runtime


class OpenPayment:
    """The call, from the first try or from the poller."""

    def __init__(self, runtime: Runtime, progress: ProgressCommits) -> None:
        self._runtime = runtime
        self._progress = progress

    async def __call__(self, payment: Payment) -> Payment:
        """Return the payment as it stands after the call."""
        progress = await self._call(payment)
        opened = await self._progress.submit(progress, progress)
        self._runtime.crash_point("create.after_opened")
        return opened

    async def _call(self, payment: Payment) -> Progress:
        number = payment.out_trade_no
        self._runtime.crash_point("create.before_channel_call")
        try:
            opening = await self._runtime.channel(payment.channel).pay(payment, self._ask(payment))
        except ChannelRefused as error:
            return Progress(number, AttemptEvent.REFUSE, failure_code=error.reason)
        except (ChannelOutcomeUnknown, ChannelUnavailable):
            return Progress(number, AttemptEvent.LOSE)
        finally:
            self._runtime.crash_point("create.after_channel_call")
        return Progress(number, AttemptEvent.OPEN, pay_params=opening.params)

    def _ask(self, payment: Payment) -> PayRequest:
        return PayRequest(
            notify_url=self._runtime.notify_url(payment.channel),
            ttl_s=self._runtime.rules.order_ttl_s,
            return_url=payment.return_url or "",
            auth_code=payment.auth_code or "",
            payer_id=payment.payer_id or "",
            client_ip=payment.client_ip or "127.0.0.1",
        )
