"""
"It will arrive some day": a refund that has failed stays on its way for ever, and its money with it.
"""

from dataclasses import replace

from harness.gallery.around import RetellsRefunds, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import RefundReport, RefundState


class Around(RetellsRefunds):
    """CLOSED sounds like a pause."""

    def retold(self, report: RefundReport) -> RefundReport:
        return replace(report, state=RefundState.PROCESSING) if report.state is RefundState.FAILED else report


MUTANT = Mutant(
    id="failed-refund-is-on-its-way",
    bug="never gives up a refund that failed after it was accepted, so that nobody can ask for it anew",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("refund/failed-later",),
    channel="wechatpay_v3",
    tried_in=("refund-failed-then-anew",),
)
