"""
"It says who it is": name and dates of a certificate are looked at, and not who has issued it.
"""

from harness.gallery.around import AroundChannel, only, own_chain, plant
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Everybody is an authority."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(own_chain(inner), "_is_signed_by", lambda *_: True)


MUTANT = Mutant(
    id="unionpay-any-chain",
    bug="believes certificates with UnionPay's name that anybody may have issued",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("signature/foreign-chain-refused", "signature/answer-certificate-not-believed"),
    channel="unionpay_rsa",
    tried_in=("foreign-chain", "answer-foreign-chain"),
)
