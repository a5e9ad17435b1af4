"""
UnionPay's notifies: verified over the fields as they came, then checked to be meant for us, then in our words.

A notify has no freshness window, and what its headers say is nothing. Front notifies prove nothing about money and have
no door here.

Facts: unionpay/notify-fields, unionpay/notify-wire, unionpay/notify-retries
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import structlog

from reference_gateway.channels.unionpay.answers import STANDINGS, Found, fen_of, money_of
from reference_gateway.channels.unionpay.codes import meaning_of
from reference_gateway.channels.unionpay.merchant import ENCODING, VERSION, UnionPayMerchant
from reference_gateway.channels.unionpay.numbers import (
    COMPLETE,
    CONSUME,
    PREAUTH,
    REFUND,
    SUFFIXES,
    owner_of,
    read_refund_mark,
)
from reference_gateway.channels.unionpay.wire import codec_of, read_form, text_to_sign
from reference_gateway.clock import Clock
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.errors import NotifyRefused, SignatureRejected

KINDS: Mapping[Found, NoticeKind] = {
    Found.DONE: NoticeKind.PAID,
    Found.OPEN: NoticeKind.WAITING,
    Found.FAILED: NoticeKind.CLOSED,
    Found.LATE: NoticeKind.CLOSED,
}
"""What a notify about a payment says, by how the payment stands."""

_LOG = structlog.get_logger("reference_gateway.unionpay")


class NotifyReader:
    """Reads the notifies of one channel."""

    def __init__(self, channel: str, merchant: UnionPayMerchant, clock: Clock) -> None:
        self._channel = channel
        self._merchant = merchant
        self._clock = clock

    def __call__(self, body: bytes) -> Notice:
        """
        Verify and translate.

        Raises:
            SignatureRejected: not signed by UnionPay in this channel's way.
            NotifyRefused: signed, but malformed, or for somebody else.
        """
        try:
            fields = read_form(body)
            text = text_to_sign(fields).encode(codec_of(fields.get("encoding", ENCODING)))
        except ValueError as error:
            raise NotifyRefused(f"the body is not a form in its charset: {error}", code="malformed_notify") from error
        if fields.get("version") != VERSION or fields.get("signMethod") != self._merchant.signing.method:
            raise SignatureRejected("signed in another way than this channel's")
        self._merchant.signing.verify(text, fields, self._clock.now())
        if fields.get("merId") != self._merchant.mer_id:
            raise NotifyRefused("signed for another merchant", code="wrong_merchant")
        return self._notice(fields, hashlib.sha256(body).hexdigest())

    def _notice(self, fields: Mapping[str, str], digest: str) -> Notice:
        try:
            number, amount_fen, kind, refund_no = _subject(fields)
        except (KeyError, ValueError) as error:
            raise NotifyRefused(f"the notify cannot be read: {error}", code="malformed_notify") from error
        if not fields.get("queryId"):
            raise NotifyRefused("the notify has no queryId", code="malformed_notify")
        if fields["respCode"] == "A6":
            _LOG.warning("success_with_a_defect", order_id=fields["orderId"], query_id=fields["queryId"])
        return Notice(
            channel=self._channel,
            notify_id=fields["queryId"],
            kind=kind,
            out_trade_no=number,
            channel_trade_no=fields["queryId"],
            amount_fen=amount_fen,
            refund_no=refund_no,
            body_digest=digest,
        )


def _subject(fields: Mapping[str, str]) -> tuple[str, Fen, NoticeKind, str]:
    """
    Say of which payment it is, the amount, what happened, and of which refund it is.

    Raises:
        KeyError, ValueError: a field is missing or makes no sense.
    """
    txn_type, order_id = fields["txnType"], fields["orderId"]
    kind = KINDS[STANDINGS[meaning_of(fields["respCode"])]]
    if txn_type == CONSUME:
        return order_id, money_of(fields), kind, ""
    if txn_type == PREAUTH:
        # The money is held, not paid.
        held = NoticeKind.WAITING if kind is NoticeKind.PAID else kind
        return order_id, money_of(fields), held, ""
    if txn_type == COMPLETE:
        done = kind if kind is NoticeKind.PAID else NoticeKind.WAITING
        return owner_of(txn_type, order_id), money_of(fields), done, ""
    if txn_type == REFUND:
        fen_of(fields["txnAmt"])
        number, paid_fen = read_refund_mark(fields.get("reqReserved", ""))
        return number, paid_fen, NoticeKind.REFUNDED, order_id
    if txn_type in SUFFIXES:
        return owner_of(txn_type, order_id), money_of(fields), NoticeKind.CLOSED, ""
    raise ValueError(f"nothing of ours has the txnType {txn_type}")
