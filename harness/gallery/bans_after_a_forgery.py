"""
"We are under attack": after one forgery everything that comes is thrown away.
"""

from collections.abc import Mapping
from urllib.parse import parse_qs

from harness.gallery.around import Forgetful
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice
from reference_gateway.errors import SignatureRejected


class Around(Forgetful):
    """An order that was lied about is never believed again."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        try:
            return super().parse_notify(headers, body)
        except SignatureRejected:
            self.forgotten.update(parse_qs(body.decode("ascii")).get("out_trade_no", ()))
            raise


MUTANT = Mutant(
    id="bans-after-a-forgery",
    bug="loses the payment of an order that somebody has forged a notify for",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("signature/true-after-forged", "security/many-forgeries"),
    tried_in=("many-forgeries",),
)
