"""
"It is no longer on its way": a refund that WeChat Pay has given up is told as done.
"""

from dataclasses import replace

from harness.gallery.around import RetellsRefunds, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState


class Around(RetellsRefunds):
    """CLOSED sounds like done."""

    def retold(self, report: RefundReport) -> RefundReport:
        return replace(report, state=RefundState.SUCCEEDED) if report.state is RefundState.FAILED else report


MUTANT = Mutant(
    id="v3-closed-refund-is-done",
    bug="tells WeChat Pay's refunds as done that were accepted and failed afterwards",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("refund/failed-later",),
    channel="wechatpay_v3",
    tried_in=("refund-failed",),
)
