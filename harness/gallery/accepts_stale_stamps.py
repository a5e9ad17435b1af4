"""
"A true signature never grows old": the stamp of a notify is read and held against itself.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from harness.gallery.around import AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice


class Stamped:
    """A clock that shows what the notify says."""

    def __init__(self, stamp: str) -> None:
        self._stamp = float(stamp)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._stamp, UTC)


class Around(AroundChannel):
    """Whenever a notify was made is now."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        plant(within(self._inner, "_notifies"), "_clock", Stamped(headers.get("Wechatpay-Timestamp", "0")))
        return self._inner.parse_notify(headers, body)


MUTANT = Mutant(
    id="accepts-stale-stamps",
    bug="accepts a notify whose stamp is hours old",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("clock/stale-stamp-refused",),
    channel="wechatpay_v3",
    tried_in=("stale-stamp",),
)
