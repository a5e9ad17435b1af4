"""
"success, as everywhere": the XML API is answered in plain words.
"""

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort, NotifyReply


class Around(AroundChannel):
    """No XML for an XML API."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self.reply = NotifyReply(accepted=b"success", refused=b"fail")


MUTANT = Mutant(
    id="v2-acks-in-plain-words",
    bug="acknowledges the XML API's notifies with a word instead of a document",
    parts=lambda: {"around_channels": only("wechatpay_v2", Around)},
    must_be_convicted_by=("notify/true-is-acked",),
    channel="wechatpay_v2",
    tried_in=("plain",),
)
