"""
"They answered our own call": the signature of answers is not checked, only that of notifies.
"""

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """Every key fits an answer."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_call", "_keys"), "verify", believe)


MUTANT = Mutant(
    id="alipay-believes-any-answer",
    bug="checks no signature of Alipay's answers",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=(
        "signature/answer-tampered-not-believed",
        "signature/answer-foreign-not-believed",
        "signature/answer-weaker-not-believed",
        "close/not-believed",
    ),
    tried_in=("answer-tampered", "answer-foreign", "answer-weaker", "close-not-believed"),
)
