"""
"A key in Redis for five minutes is enough": after that a repeated notify is a new one.
"""

import asyncio
from itertools import count

from harness.gallery.mutant import Mutant
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment

TOKEN_S = 300.0


class Policy(HonestNoticePolicy):
    """Nothing but a token that expires keeps a payment from being credited again."""

    def __init__(self) -> None:
        self._booked: dict[str, float] = {}
        self._keys = count(1)

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if payment is None or notice.kind is not NoticeKind.PAID or honest.ruling is Ruling.REFUSE:
            return honest
        now_s = asyncio.get_running_loop().time()
        if now_s - self._booked.get(payment.id, now_s - TOKEN_S) < TOKEN_S:
            return honest
        self._booked[payment.id] = now_s
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, f"payment:{payment.id}:{next(self._keys)}")


MUTANT = Mutant(
    id="the-token-expires",
    bug="keeps in a token of five minutes, and nowhere else, that a payment was credited",
    parts=lambda: {"notice_policy": Policy()},
    must_be_convicted_by=(
        "notify/days-later-again",
        "idempotency/credited-once",
    ),
    tried_in=("duplicates",),
)
