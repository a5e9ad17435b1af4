"""
"It came to our address": which merId a notify names is not looked at.
"""

from dataclasses import replace

from harness.gallery.around import Anybody, AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """We are every merId."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        plant(within(inner, "_read_notify"), "_merchant", replace(within(inner, "_merchant"), mer_id=Anybody()))


MUTANT = Mutant(
    id="unionpay-any-merchant",
    bug="believes UnionPay's notifies for another merchant",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("notify/another-merchants",),
    channel="unionpay_rsa",
    tried_in=("another-merchants",),
)
