"""
"It hangs on the right root": whose name is in the certificate behind a message is not looked at.
"""

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Every merchant of the authority's is the company."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        chain = within(inner, "_merchant", "signing", "_chain")
        plant(chain, "leaf", chain.member)


MUTANT = Mutant(
    id="unionpay-any-name",
    bug="believes what any holder of a certificate of UnionPay's authority has signed",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("signature/another-name-refused", "signature/answer-certificate-not-believed"),
    channel="unionpay_rsa",
    tried_in=("another-name", "answer-another-name"),
)
