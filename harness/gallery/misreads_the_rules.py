"""
"sign_type is signed too": the signature is also accepted over a text that the rules do not know.
"""

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.alipay.signing import NotifyVerifier
from reference_gateway.channels.port import ChannelPort
from reference_gateway.errors import SignatureRejected


def lenient(honest: NotifyVerifier) -> NotifyVerifier:
    """
    Right, or right with `sign_type` among the fields.
    """

    def verify(text: bytes, signature: bytes) -> None:
        try:
            honest(text, signature)
        except SignatureRejected:
            honest(b"&".join(sorted([*text.split(b"&"), b"sign_type=RSA2"])), signature)

    return verify


class Around(AroundChannel):
    """Two readings of the rules."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        reader = within(inner, "_read_notify")
        plant(reader, "_verify", lenient(within(reader, "_verify")))


MUTANT = Mutant(
    id="misreads-the-rules",
    bug="accepts a notify that is signed by a common misreading of the rules",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("security/misread-signature",),
    tried_in=("misread",),
)
