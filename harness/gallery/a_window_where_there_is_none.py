"""
"What is older than five minutes is a replay": for a channel whose resends come for a day, and nobody asks.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from harness.gallery.around import only
from harness.gallery.mutant import Mutant
from harness.gallery.never_asks import Around as Silent
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import SignatureRejected

WINDOW = timedelta(minutes=5)


class Around(Silent):
    """A notify that comes long after the payment is refused, and the channel is never asked either."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        fields = parse_qs(body.decode("ascii"))
        paid, told = (datetime.fromisoformat(fields[name][0]) for name in ("gmt_payment", "notify_time"))
        if told - paid > WINDOW:
            raise SignatureRejected("too old")
        notice: Notice = self._inner.parse_notify(headers, body)
        return notice


MUTANT = Mutant(
    id="a-window-where-there-is-none",
    bug="refuses what Alipay tells more than five minutes after the payment, and never asks",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=(
        "notify/first-rungs-lost",
        "notify/a-day-late",
        "order-of-arrival/across-midnight",
        "clock/last-rung-accepted",
    ),
    tried_in=("last-rung", "a-day-late", "next-day"),
)
