"""
"That is too old to be true": what is notified more than an hour after paying is thrown away.
"""

from collections.abc import Mapping
from datetime import timedelta

from harness.gallery.around import Forgetful, only, within
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import NotifyRefused


class Around(Forgetful):
    """The ladder's last rungs are forgeries."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = super().parse_notify(headers, body)
        now = within(self._inner, "_call", "_params", "_clock").now()
        if notice.paid_at is not None and now - notice.paid_at > timedelta(hours=1):
            raise NotifyRefused("paid long ago", code="too_old")
        return notice


MUTANT = Mutant(
    id="gives-up-after-an-hour",
    bug="refuses a notify that comes more than an hour after the payment",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("clock/last-rung-accepted",),
    tried_in=("last-rung",),
)
