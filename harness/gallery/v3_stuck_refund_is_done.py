"""
"ABNORMAL is an end like any other": a refund of WeChat Pay's that is stuck on its way is told as done.
"""

from collections.abc import Mapping
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, RefundReport
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund


class Around(AroundChannel):
    """They have written it down, so it happened."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        trades = within(inner, "_trades")
        translate = within(trades, "_refund_report")

        def report(payment: Payment, refund: Refund, fields: Mapping[str, Any]) -> RefundReport:
            stuck = fields.get("status") == "ABNORMAL"
            told: RefundReport = translate(payment, refund, {**fields, "status": "SUCCESS"} if stuck else fields)
            return told

        plant(trades, "_refund_report", report)


MUTANT = Mutant(
    id="v3-stuck-refund-is-done",
    bug="tells a refund as done that is stuck at WeChat Pay",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("refund/stuck-is-neither",),
    channel="wechatpay_v3",
    tried_in=("refund-stuck",),
)
