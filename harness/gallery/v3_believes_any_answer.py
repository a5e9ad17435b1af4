"""
"They answered our own call": answers are read whoever signed them, or nobody.
"""

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """An answer is an answer."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_client"), "_verify", self._believe)

    async def _believe(self, reply: object) -> None:
        believe(reply)


MUTANT = Mutant(
    id="v3-believes-any-answer",
    bug="checks no signature of WeChat Pay's answers",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=(
        "signature/answer-tampered-not-believed",
        "signature/answer-foreign-not-believed",
        "signature/answer-unsigned-not-believed",
    ),
    channel="wechatpay_v3",
    tried_in=("answer-tampered", "answer-foreign", "answer-unsigned"),
)
