"""
"Only TRADE_SUCCESS is success": a notify that tells a payment as finished from the first has no effect.
"""

from collections.abc import Mapping
from dataclasses import replace

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, TradeReport, TradeState
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """There is one word for paid, and answers say it too."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._finished: set[str] = set()

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = self._inner.parse_notify(headers, body)
        if b"TRADE_FINISHED" not in body:
            return notice
        self._finished.add(notice.out_trade_no)
        return replace(notice, kind=NoticeKind.WAITING)

    async def query(self, payment: Payment) -> TradeReport:
        if payment.out_trade_no in self._finished:
            return TradeReport(state=TradeState.WAITING, amount_fen=payment.amount_fen)
        return await self._inner.query(payment)


MUTANT = Mutant(
    id="finished-is-waiting",
    bug="waits on for ever when Alipay tells a payment as finished",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("notify/finished-is-paid",),
    tried_in=("finished",),
)
