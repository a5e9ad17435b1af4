"""
"Nobody uses GBK any more": a notify in another charset than ours is thrown away with a polite answer.
"""

from collections.abc import Mapping

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice


class Around(Forgetful):
    """Only UTF-8 is read."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        if b"charset=gbk" in body.lower():
            self.forgotten.add(self._inner.parse_notify(headers, body).out_trade_no)
        return super().parse_notify(headers, body)


MUTANT = Mutant(
    id="takes-gbk-for-utf8",
    bug="acknowledges a notify in another charset and loses it",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("signature/other-charset-verified",),
    tried_in=("other-charset",),
)
