"""
"00 is success, and nothing else is": UnionPay's success with a defect is taken for a failure.
"""

from collections.abc import Mapping
from dataclasses import replace

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, TradeReport, TradeState
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.domain.payment import Payment


class Around(AroundChannel):
    """What has failed stays failed, whoever is asked."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._failed: set[str] = set()

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = self._inner.parse_notify(headers, body)
        if b"respCode=A6" not in body:
            return notice
        self._failed.add(notice.out_trade_no)
        return replace(notice, kind=NoticeKind.CLOSED)

    async def query(self, payment: Payment) -> TradeReport:
        if payment.out_trade_no in self._failed:
            return TradeReport(state=TradeState.CLOSED, amount_fen=payment.amount_fen)
        return await self._inner.query(payment)


MUTANT = Mutant(
    id="unionpay-flawed-is-failed",
    bug="takes UnionPay's success with a defect for a failure",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("notify/flawed-success",),
    channel="unionpay_rsa",
    tried_in=("flawed-success",),
)
