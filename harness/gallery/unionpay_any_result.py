"""
"They would not tell us of nothing": whatever code a notify about a payment has, it was paid.
"""

from collections.abc import Mapping

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort
from reference_gateway.domain.notice import Notice


class Around(AroundChannel):
    """A notify is a payment."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        reader = within(inner, "_read_notify")
        translate = within(reader, "_notice")

        def notice(fields: Mapping[str, str], digest: str) -> Notice:
            told: Notice = translate({**fields, "respCode": "00"}, digest)
            return told

        plant(reader, "_notice", notice)


MUTANT = Mutant(
    id="unionpay-any-result",
    bug="credits UnionPay's notifies whose code says that the payment failed",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("notify/failed-is-not-paid",),
    channel="unionpay_rsa",
    tried_in=("told-of-failure",),
)
