"""
"Signed is signed": for whom a notify was signed is not looked at.
"""

from harness.gallery.around import Anybody, AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """We are every seller and every app."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        reader = within(inner, "_read_notify")
        plant(reader, "_seller_id", Anybody())
        plant(reader, "_app_id", Anybody())


MUTANT = Mutant(
    id="any-merchant",
    bug="believes notifies that are signed for another merchant or app",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("notify/another-merchants", "notify/another-apps"),
    tried_in=("another-merchants", "another-apps"),
)
