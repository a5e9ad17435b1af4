"""
"Closed is closed": a trade that was not there yet when it was to be ended is never ended again.
"""

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, EndState
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """Whoever was ended once is not asked about any more."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._ended: set[str] = set()

    async def close(self, payment: Payment) -> EndState:
        if payment.out_trade_no not in self._ended:
            state = await self._inner.close(payment)
            if state not in {EndState.CLOSED, EndState.MISSING}:
                return state
            self._ended.add(payment.out_trade_no)
        return EndState.CLOSED


MUTANT = Mutant(
    id="never-closes-again",
    bug="closes an order whose opening is still on its way, and leaves open what arrives then",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("close/overtakes-opening",),
    channel="wechatpay_v3",
    tried_in=("close-overtakes-opening",),
)
