"""
"They just told us": whatever arrives last is what an order is told as, however old it is.
"""

from collections.abc import Mapping
from dataclasses import replace

from harness.gallery.around import AroundChannel, AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway import Parts
from reference_gateway.channels.port import ChannelPort, TradeReport, TradeState
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.service.unit_of_work import UnitOfWork, UnitOfWorkFactory


class Around(AroundChannel):
    """Writes down of which orders the last that was heard is that nobody has paid."""

    def __init__(self, inner: ChannelPort, waiting: set[str]) -> None:
        super().__init__(inner)
        self._waiting = waiting

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = self._inner.parse_notify(headers, body)
        self._waiting.discard(notice.out_trade_no)
        return notice

    async def query(self, payment: Payment) -> TradeReport:
        report = await self._inner.query(payment)
        (self._waiting.discard if report.state is TradeState.PAID else self._waiting.add)(payment.out_trade_no)
        return report


def _parts() -> Parts:
    waiting: set[str] = set()

    def unit(inner: UnitOfWork) -> AroundUnit:
        class Shown(AroundUnit):
            async def payment(self, app_id: str, payment_id: str) -> Payment | None:
                payment: Payment | None = await self._inner.payment(app_id, payment_id)
                if payment is None or payment.out_trade_no not in waiting:
                    return payment
                return replace(payment, status=PaymentStatus.PENDING)

        return Shown(inner)

    def around(inner: UnitOfWorkFactory) -> AroundStore:
        return AroundStore(inner, unit)

    return {"around_channels": lambda inner: Around(inner, waiting), "around_store": around}


MUTANT = Mutant(
    id="the-last-answer-counts",
    bug="tells a paid order as open, because an older answer arrived after the payment's notify",
    parts=_parts,
    must_be_convicted_by=("order-of-arrival/stale-answer",),
    tried_in=("stale-answer",),
)
