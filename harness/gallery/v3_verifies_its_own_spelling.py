"""
"JSON is JSON": a notify of API v3 is parsed by a framework, written anew, and then verified.
"""

import json
from collections.abc import Mapping

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice


class Around(AroundChannel):
    """Blanks mean nothing to a parser, and everything to a signature."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            again = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
        except ValueError:
            again = body
        return self._inner.parse_notify(headers, again)


MUTANT = Mutant(
    id="v3-verifies-its-own-spelling",
    bug="verifies a notify of WeChat Pay's as it would have written it, and refuses true ones with blanks in them",
    parts=lambda: {"around_channels": only("wechatpay_v3", Around)},
    must_be_convicted_by=("signature/other-spelling-accepted",),
    channel="wechatpay_v3",
    tried_in=("spelled-notifies",),
)
