"""
"An amount is an amount": the notify's amount is read, written in the usual way, and then verified.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import fen_of_yuan_text, yuan_text_of_fen
from reference_gateway.domain.notice import Notice


class Around(AroundChannel):
    """9.9 and 9.90 are the same to a number, and not to a signature."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        fields = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))
        if "total_amount" in fields:
            fields["total_amount"] = yuan_text_of_fen(fen_of_yuan_text(fields["total_amount"]))
        return self._inner.parse_notify(headers, urlencode(fields).encode())


MUTANT = Mutant(
    id="verifies-its-own-spelling",
    bug="verifies a notify as it would have written it, and refuses true ones that are spelled differently",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("signature/other-spelling-accepted",),
    tried_in=("spelled-notifies",),
)
