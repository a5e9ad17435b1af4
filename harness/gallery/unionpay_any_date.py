"""
"A signature does not age": the dates of the certificate behind a message are not looked at.
"""

from harness.gallery.around import AroundChannel, believe, only, own_chain, plant
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Once issued, for ever good."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(own_chain(inner), "_refuse_out_of_date", believe)


MUTANT = Mutant(
    id="unionpay-any-date",
    bug="believes what is signed under a certificate of UnionPay's whose time is over",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("signature/expired-certificate-refused", "signature/answer-certificate-not-believed"),
    channel="unionpay_rsa",
    tried_in=("expired-certificate", "answer-expired"),
)
