"""
"They took it": a close that is put off, because the buyer is just typing the password, counts as done.
"""

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import EndState
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """202 is a success like 200."""

    async def close(self, payment: Payment) -> EndState:
        state = await self._inner.close(payment)
        return EndState.CLOSED if state is EndState.WAITING else state


MUTANT = Mutant(
    id="put-off-is-closed",
    bug="takes a close that WeChat Pay has put off for a closed order",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("close/still-paying",),
    channel="wechatpay_v3",
    tried_in=("close-still-paying",),
)
