"""
"It is signed, isn't it?": a signature must be there, and may be any.
"""

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Every signature fits."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_merchant", "signing"), "verify", believe)


MUTANT = Mutant(
    id="unionpay-believes-any-signature",
    bug="checks no signature of UnionPay's, neither of notifies nor of answers",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("signature/forged-never-acked", "signature/foreign-key-refused", "signature/damaged-refused"),
    channel="unionpay_rsa",
    tried_in=("wrong-key", "damaged"),
)
