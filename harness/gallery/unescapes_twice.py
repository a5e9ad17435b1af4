"""
"The form is escaped": what was decoded once is decoded once more, so that a text with a percent sign is another text.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus, urlencode

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice


class Around(AroundChannel):
    """Everything but the signature is decoded twice."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True)
        twice = [(name, value if name == "sign" else unquote_plus(value)) for name, value in pairs]
        return self._inner.parse_notify(headers, urlencode(twice).encode())


MUTANT = Mutant(
    id="unescapes-twice",
    bug="decodes a notify twice, and refuses true ones whose texts have plus or percent signs",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("notify/odd-text",),
    tried_in=("odd-texts",),
)
