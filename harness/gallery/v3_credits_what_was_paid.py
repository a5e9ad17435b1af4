"""
"The buyer paid so much": WeChat Pay's `payer_total` is credited, whatever the order was over.
"""

from typing import Any

from harness.gallery.around import RereadsResources, only
from harness.gallery.credits_notified_amount import CreditsNotifiedAmount
from harness.gallery.mutant import Mutant


class Around(RereadsResources):
    """What a coupon paid is somebody else's business."""

    def misread(self, told: dict[str, Any]) -> None:
        if "payer_total" in told.get("amount", {}) and "refund_status" not in told:
            told["amount"]["total"] = told["amount"]["payer_total"]


MUTANT = Mutant(
    id="v3-credits-what-was-paid",
    bug="credits what WeChat Pay's buyer paid, and nothing of what a coupon did",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around), "notice_policy": CreditsNotifiedAmount()},
    must_be_convicted_by=("money/paid-by-coupon",),
    channel="wechatpay_v3",
    tried_in=("by-coupon",),
)
