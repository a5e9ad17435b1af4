"""
"Our clocks are synchronised": a stamp that is a minute off is a forgery.
"""

from collections.abc import Mapping

from harness.gallery.around import AroundChannel, only, within
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import SignatureRejected

SKEW_MAX_S = 30.0


class Around(AroundChannel):
    """Half a minute is all that a provider's clock may be off."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        now_s = within(self._inner, "_notifies", "_clock").now().timestamp()
        if abs(now_s - float(headers.get("Wechatpay-Timestamp", "0"))) > SKEW_MAX_S:
            raise SignatureRejected("the stamp is not of this minute", code="stale_timestamp")
        return self._inner.parse_notify(headers, body)


MUTANT = Mutant(
    id="allows-no-skew",
    bug="refuses a notify whose provider's clock is a minute off",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("clock/small-skew-accepted",),
    channel="wechatpay_v3",
    tried_in=("small-skew",),
)
