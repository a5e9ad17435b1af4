"""
"SUCCESS is success": the acknowledgement is not the word that the provider waits for.
"""

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, NotifyReply


class Around(AroundChannel):
    """Another provider's word."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self.reply = NotifyReply(accepted=b"SUCCESS", refused=b"fail")


MUTANT = Mutant(
    id="acks-in-capitals",
    bug="acknowledges in a word that the provider does not take",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("notify/true-is-acked",),
    tried_in=("plain",),
)
