"""
"A refund is a refund": that the query's answer is over another amount is not looked at.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, RefundReport
from reference_gateway.domain.money import yuan_text_of_fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """It succeeded, whatever it was."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._amount = ""
        call = within(inner, "_call")

        async def asked(method: str, business: Mapping[str, Any], **more: Any) -> Any:
            answer = await call(method, business, **more)
            if not answer.get("refund_amount"):
                return answer
            return replace(answer, fields={**answer.fields, "refund_amount": self._amount})

        plant(inner, "_call", asked)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        self._amount = yuan_text_of_fen(refund.amount_fen)
        return await self._inner.query_refund(payment, refund)


MUTANT = Mutant(
    id="alipay-refunds-of-any-amount",
    bug="tells a refund as done by Alipay's answer over another amount",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("refund/answer-other-amount",),
    tried_in=("refund-other-amount",),
)
