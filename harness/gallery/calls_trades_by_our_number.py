"""
"A number is a number": what the provider calls the trade is not kept.
"""

from collections.abc import Mapping
from dataclasses import replace

from harness.gallery.around import AroundChannel
from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import Notice


class Around(AroundChannel):
    """The trade bears our number, which is known already."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice: Notice = self._inner.parse_notify(headers, body)
        return replace(notice, channel_trade_no=notice.out_trade_no)


MUTANT = Mutant(
    id="calls-trades-by-our-number",
    bug="keeps its own number where the provider's number of the trade belongs",
    parts=lambda: {"around_channels": Around},
    must_be_convicted_by=("money/trade-number",),
    tried_in=("plain",),
)
