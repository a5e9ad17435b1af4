"""
"We have the certificate": the platform's key is loaded once and never looked for again.
"""

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class Around(AroundChannel):
    """The certificate of the first day is the only one."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._keys = within(inner, "_client", "keys")
        plant(self._keys, "seek", self._seek)
        plant(self._keys, "wish", believe)
        plant(self._keys, "keep_fresh", believe)

    async def start(self) -> None:
        await self._inner.start()
        known = within(self._keys, "_keys")
        plant(self._keys, "_keys", dict(sorted(known.items(), key=lambda one: str(one[1].ends_at))[:1]))

    async def _seek(self, serial: str) -> bool:
        believe(serial)
        return False


MUTANT = Mutant(
    id="pins-the-certificate",
    bug="pins the platform's certificate for ever",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("signature/rotated-key-followed",),
    channel="wechatpay_v3",
    tried_in=("rotated-key",),
)
