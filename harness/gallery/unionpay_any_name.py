"""
"It hangs on the right root": whose name is in the certificate behind a message is not looked at.
"""

from harness.gallery.around import AroundChannel, only, own_chain, plant
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort
from reference_gateway.channels.unionpay.certificates import Checked


class Around(AroundChannel):
    """Every merchant of the authority's is the company."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        chain = own_chain(inner)
        plant(chain, "leaf", lambda pem, now: Checked(chain.member(pem, now)))


MUTANT = Mutant(
    id="unionpay-any-name",
    bug="believes what any holder of a certificate of UnionPay's authority has signed",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("signature/another-name-refused", "signature/answer-certificate-not-believed"),
    channel="unionpay_rsa",
    tried_in=("another-name", "answer-another-name"),
)
