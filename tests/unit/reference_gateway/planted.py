"""The planted bugs: each replaces one part of the gateway, and each must make a wrong ledger."""

import itertools
from dataclasses import replace

from reference_gateway.app import Parts
from reference_gateway.domain.notice import HonestNoticePolicy, Judgement, Notice, NoticeKind, Ruling
from reference_gateway.domain.payment import Payment


class CreditsEveryNotify(HonestNoticePolicy):
    """Believes that a notify is a payment."""

    def __init__(self) -> None:
        self._deliveries = itertools.count()

    def merge_key(self, notice: Notice) -> str:
        return f"delivery {next(self._deliveries)}"

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        honest = super().judge(notice, payment)
        if payment is None or honest.ruling is Ruling.REFUSE or notice.kind is not NoticeKind.PAID:
            return honest
        key = f"delivery:{payment.id}:{next(self._deliveries)}"
        return Judgement(Ruling.BOOK, "booked", payment.amount_fen, key)


class CreditsTheNotifiedAmount(HonestNoticePolicy):
    """Believes whatever amount is written in the notify."""

    def judge(self, notice: Notice, payment: Payment | None) -> Judgement:
        if payment is None:
            return super().judge(notice, payment)
        honest = super().judge(replace(notice, amount_fen=payment.amount_fen), payment)
        return replace(honest, credit_fen=notice.amount_fen)


def checks_no_signature(text: bytes, signature: bytes) -> None:
    """Believes whoever writes."""


CREDITS_EVERY_NOTIFY: Parts = {"notice_policy": CreditsEveryNotify()}
CREDITS_THE_NOTIFIED_AMOUNT: Parts = {"notice_policy": CreditsTheNotifiedAmount()}
CHECKS_NO_SIGNATURE: Parts = {"notify_verifier": checks_no_signature}
