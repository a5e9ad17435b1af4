"""
"All our apps share a merchant number": whose app a notify names is not looked at.
"""

from dataclasses import replace

from harness.gallery.around import Anybody, AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """We are every app of every merchant."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        anybody = replace(within(inner, "_merchant"), appid=Anybody(), mchid=Anybody())
        plant(within(inner, "_notifies"), "_merchant", anybody)


MUTANT = Mutant(
    id="v3-any-app",
    bug="believes WeChat Pay's notifies for another app",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("notify/another-apps",),
    channel="wechatpay_v3",
    tried_in=("another-apps",),
)
