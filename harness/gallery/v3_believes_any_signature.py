"""
"TLS is enough": the platform's signature under API v3 is not looked at.
"""

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Every key fits."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_client", "keys"), "verify", believe)


MUTANT = Mutant(
    id="v3-believes-any-signature",
    bug="checks no signature of WeChat Pay's, neither of notifies nor of answers",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=(
        "signature/forged-never-acked",
        "signature/foreign-key-refused",
        "signature/damaged-refused",
        "signature/probe-refused",
    ),
    channel="wechatpay_v3",
    tried_in=("wrong-key", "damaged", "probe"),
)
