"""
"We asked about that order, so the answer is about it": which order an answer names is not looked at.
"""

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Every answer is ours."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_trades"), "_about", lambda *_, **__: believe())


MUTANT = Mutant(
    id="v3-answers-about-anybody",
    bug="takes a signed answer about another order of WeChat Pay's for one about its own",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("unknown/answer-about-another",),
    channel="wechatpay_v3",
    tried_in=("answer-about-another",),
)
