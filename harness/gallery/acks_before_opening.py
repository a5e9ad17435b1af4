"""
"We do not know that one yet": a notify that overtakes the answer to the opening is acknowledged and lost.
"""

from collections.abc import Mapping

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, Opening, PayRequest
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment


class Around(Forgetful):
    """Only what has been opened can be paid."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._opening: set[str] = set()

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        self._opening.add(payment.out_trade_no)
        opening = await self._inner.pay(payment, ask)
        self._opening.discard(payment.out_trade_no)
        return opening

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = super().parse_notify(headers, body)
        if notice.out_trade_no in self._opening:
            self.forgotten.add(notice.out_trade_no)
            return super().parse_notify(headers, body)
        return notice


MUTANT = Mutant(
    id="acks-before-opening",
    bug="loses a payment whose notify comes before the answer to the opening",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("order-of-arrival/notify-before-answer", "order-of-arrival/paid-before-answer"),
    tried_in=("notify-before-answer",),
)
