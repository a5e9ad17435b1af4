"""
"We sell at home": which currency an amount of a notify is in is not looked at.
"""

import json
from collections.abc import Mapping
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """990 are 990."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        notifies = within(inner, "_notifies")
        open_resource = within(notifies, "_opened")

        def opened(resource: Mapping[str, Any]) -> bytes:
            told = json.loads(open_resource(resource))
            if "currency" in told.get("amount", {}):
                told["amount"]["currency"] = "CNY"
            return json.dumps(told).encode()

        plant(notifies, "_opened", opened)


MUTANT = Mutant(
    id="v3-any-currency",
    bug="takes 9.90 US dollars of WeChat Pay's for 9.90 yuan",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("money/other-currency-refused",),
    channel="wechatpay_v3",
    tried_in=("in-dollars",),
)
