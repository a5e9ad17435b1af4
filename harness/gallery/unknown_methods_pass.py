"""
"RSA and RSA2 are checked": a notify that declares another method falls through, and is believed.
"""

import re
from collections.abc import Mapping

from harness.gallery.around import AroundChannel, believe, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice

UNKNOWN = re.compile(rb"\bsign_type=(?!RSA)\w*")


class Around(AroundChannel):
    """No case for it, no check."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        if not UNKNOWN.search(body):
            return self._inner.parse_notify(headers, body)
        reader = within(self._inner, "_read_notify")
        verify = within(reader, "_verify")
        plant(reader, "_verify", believe)
        try:
            return self._inner.parse_notify(headers, UNKNOWN.sub(b"sign_type=RSA2", body))
        finally:
            plant(reader, "_verify", verify)


MUTANT = Mutant(
    id="unknown-methods-pass",
    bug="believes notifies that declare a method of signing which it does not know",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("signature/unknown-method-refused",),
    tried_in=("unknown-method",),
)
