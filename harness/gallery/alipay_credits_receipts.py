"""
"What we receive is what was paid": Alipay's `receipt_amount` is compared with the order, not its `total_amount`.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

from harness.gallery.around import AroundChannel, only
from harness.gallery.mutant import Mutant
from reference_gateway.domain.money import fen_of_yuan_text
from reference_gateway.domain.notice import Notice, NoticeKind


class Around(AroundChannel):
    """Without coupons nobody sees a difference."""

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        notice = self._inner.parse_notify(headers, body)
        received = parse_qs(body.decode("ascii")).get("receipt_amount")
        if notice.kind is not NoticeKind.PAID or not received:
            return notice
        return replace(notice, amount_fen=fen_of_yuan_text(received[0]))


MUTANT = Mutant(
    id="alipay-credits-receipts",
    bug="refuses Alipay's notify of a payment of which a coupon paid a part",
    parts=lambda: {"around_channels": only("alipay", Around)},
    must_be_convicted_by=("money/paid-by-coupon",),
    tried_in=("by-coupon",),
)
