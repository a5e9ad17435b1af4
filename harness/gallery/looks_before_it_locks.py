"""
"It was not paid a moment ago": two copies at the same moment both find the order unpaid.
"""

import asyncio
from collections import Counter
from itertools import count

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment

AT_ONCE_S = 0.005


class Policy(HonestNoticePolicy):
    """What arrives within a few milliseconds of the first does not see what that one did."""

    def __init__(self) -> None:
        self._first: dict[str, float] = {}
        self._copies: Counter[str] = Counter()
        self._arrivals = count(1)

    def merge_key(self, notice: Notice) -> str:
        return f"{super().merge_key(notice)}:{next(self._arrivals)}"

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if payment is None or notice.kind is not NoticeKind.PAID:
            return honest
        now_s = asyncio.get_running_loop().time()
        first_s = self._first.setdefault(payment.id, now_s)
        self._copies[payment.id] += 1
        if honest.code != "repeated" or now_s - first_s > AT_ONCE_S:
            return honest
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"payment:{payment.id}:{self._copies[payment.id]}")


MUTANT = Mutant(
    id="looks-before-it-locks",
    bug="looks whether an order is paid before it takes the lock, so that copies at the same moment credit twice",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=(
        "concurrency/notifies-at-once",
        "concurrency/notify-and-query-at-once",
        "spike/notifies",
        "order-of-arrival/paid-while-asking",
    ),
    tried_in=("copies-at-once", "while-it-asks", "spike-notifies"),
)
