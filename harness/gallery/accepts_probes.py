"""
"It says WECHATPAY, so it is": the platform's signature probes are taken for the real thing.
"""

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort
from reference_gateway.channels.wechatpay.v3_signing import PROBE_PREFIX


class Around(AroundChannel):
    """A probe needs no key."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._keys = within(inner, "_client", "keys")
        self._honest = self._keys.verify
        plant(self._keys, "verify", self._verify)

    def _verify(self, serial: str, text: bytes, signature: str) -> None:
        if not signature.startswith(PROBE_PREFIX):
            self._honest(serial, text, signature)


MUTANT = Mutant(
    id="accepts-probes",
    bug="acknowledges the platform's signature probes",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("signature/probe-refused",),
    channel="wechatpay_v3",
    tried_in=("probe",),
)
