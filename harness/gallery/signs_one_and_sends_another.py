"""
"JSON is JSON": what is signed is written again, in another order, before it is sent.
"""

import json
from collections.abc import Mapping
from typing import Any

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.alipay.gateway import SignedParams
from reference_gateway.channels.port import ChannelPort


class Rewritten:
    """The parameters of a refund are signed, and then put in order."""

    def __init__(self, inner: SignedParams) -> None:
        self._inner = inner

    def __call__(self, method: str, business: Mapping[str, Any], **extra: str) -> dict[str, str]:
        params = self._inner(method, business, **extra)
        if method == "alipay.trade.refund":
            params["biz_content"] = json.dumps(json.loads(params["biz_content"]), sort_keys=True)
        return params


class Around(AroundChannel):
    """Refunds are signed before they are written."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_call"), "_params", Rewritten(within(inner, "_call", "_params")))


MUTANT = Mutant(
    id="signs-one-and-sends-another",
    bug="signs the content of a refund and sends it in another spelling",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("signature/requests-verify",),
    tried_in=("refund-part",),
)
