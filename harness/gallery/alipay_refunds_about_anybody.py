"""
"We asked for that refund, so the answer is about it": which order and which refund an answer names is not looked at.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort

NUMBERS = ("out_trade_no", "out_request_no")


class Around(AroundChannel):
    """Every answer is ours."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        call = within(inner, "_call")

        async def asked(method: str, business: Mapping[str, Any], **more: Any) -> Any:
            answer = await call(method, business, **more)
            if "refund" not in method:
                return answer
            named = {name: business[name] for name in NUMBERS if name in business and name in answer.fields}
            return replace(answer, fields={**answer.fields, **named})

        plant(inner, "_call", asked)


MUTANT = Mutant(
    id="alipay-refunds-about-anybody",
    bug="tells a refund as done by Alipay's signed answer about another one",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("refund/answer-about-another",),
    tried_in=("refund-about-another",),
)
