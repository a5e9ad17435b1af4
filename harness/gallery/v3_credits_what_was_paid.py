"""
"The buyer paid so much": WeChat Pay's `payer_total` is credited, whatever the order was over.
"""

import json
from collections.abc import Mapping
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.credits_notified_amount import CreditsNotifiedAmount
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """What a coupon paid is somebody else's business."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        notifies = within(inner, "_notifies")
        open_resource = within(notifies, "_opened")

        def opened(resource: Mapping[str, Any]) -> bytes:
            told = json.loads(open_resource(resource))
            if "payer_total" in told.get("amount", {}) and "refund_status" not in told:
                told["amount"]["total"] = told["amount"]["payer_total"]
            return json.dumps(told).encode()

        plant(notifies, "_opened", opened)


MUTANT = Mutant(
    id="v3-credits-what-was-paid",
    bug="credits what WeChat Pay's buyer paid, and nothing of what a coupon did",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around), "notice_policy": CreditsNotifiedAmount()},
    must_be_convicted_by=("money/paid-by-coupon",),
    channel="wechatpay_v3",
    tried_in=("by-coupon",),
)
