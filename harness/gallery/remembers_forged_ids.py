"""
"Seen before, done before": the id of a notify is written down before its signature is looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort
from reference_gateway.domain.notice import Notice, NoticeKind

ID = re.compile(rb"notify_id=([^&]*)")


class Around(AroundChannel):
    """Whoever comes second under an id is thanked, and sent home."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        self._seen: set[bytes] = set()

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        named = ID.search(body)
        name = b"" if named is None else named[1]
        known = name in self._seen
        self._seen.add(name)
        notice = self._inner.parse_notify(headers, body)
        return replace(notice, kind=NoticeKind.WAITING) if known else notice


MUTANT = Mutant(
    id="remembers-forged-ids",
    bug="passes over a true notify because a forged one had come under its id",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("security/forged-id",),
    tried_in=("behind-a-forgery",),
)
