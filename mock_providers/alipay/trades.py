"""
Opening and looking up trades: alipay.trade.precreate and alipay.trade.query.

Business only: signatures, charsets and envelopes are over when a call comes here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mock_providers.alipay import codes
from mock_providers.alipay.business import Unreadable, amount_field, number_field, text_field, total_allowed
from mock_providers.alipay.door import App
from mock_providers.alipay.states import status_of
from mock_providers.alipay.times import end_of_span, moment_of, text_of
from mock_providers.core.book import Book, Opening, Trade, TradeState
from mock_providers.core.ids import Ids
from mock_providers.core.money import yuan_text
from mock_providers.core.reply import ProviderReply

QR_HOST = "https://qr.alipay.com"
# See alipay/timeouts.
_QR_LIFE = timedelta(hours=2)
_FACE_TO_FACE = timedelta(hours=3)
# Twelve months is the usual contract, see alipay/refund.
_REFUNDABLE_S = 365 * 86_400.0
# See alipay/repeat-create.
_CREATIONS_MAX = 20


@dataclass(frozen=True, slots=True)
class Work:
    """
    One admitted call.

    Args:
        common: the parameters around the business content.
        now: schedule time.
    """

    app: App
    label: str
    common: Mapping[str, str]
    fields: Mapping[str, object]
    now: datetime


def find_trade(book: Book, work: Work) -> Trade | None:
    """
    By the platform's number, which wins, or by the merchant's.

    Raises:
        Unreadable: neither is given.

    Facts: alipay/query
    """
    trade_no = number_field(work.fields, "trade_no")
    out_trade_no = number_field(work.fields, "out_trade_no")
    if trade_no is not None:
        return book.by_trade_no("alipay", trade_no, now=work.now)
    if out_trade_no is None:
        raise Unreadable("out_trade_no")
    return book.by_order("alipay", out_trade_no, now=work.now, merchant_id=work.app.seller_id)


def precreate(book: Book, ids: Ids, work: Work) -> ProviderReply:
    """
    Issue a QR code. No trade exists until a buyer scans it.

    Facts: alipay/precreate, alipay/repeat-create
    """
    out_trade_no: str | None = None
    try:
        out_trade_no = number_field(work.fields, "out_trade_no")
        opening = _opening(ids, work)
    except Unreadable as field:
        return codes.invalid_parameter(str(field), codes.unpaid_fields(out_trade_no))
    refused_fields = codes.unpaid_fields(opening.out_trade_no)
    if not total_allowed(opening.total_fen):
        return codes.total_fee_exceed(refused_fields)
    known = book.by_order("alipay", opening.out_trade_no, now=work.now, merchant_id=opening.merchant_id)
    if known is not None:
        return _precreate_again(book, ids, known, opening)
    if opening.expires_at <= work.now:
        return codes.now_after_expiry(refused_fields)
    trade = book.open(opening, qr_code=_qr_code(ids, opening, 1), qr_expires_at=_qr_end(opening.expires_at, work.now))
    return _qr_issued(trade)


def _precreate_again(book: Book, ids: Ids, trade: Trade, again: Opening) -> ProviderReply:
    first = trade.opening
    refused_fields = codes.unpaid_fields(first.out_trade_no)
    if trade.state is TradeState.CLOSED:
        return codes.trade_has_close(refused_fields)
    if trade.state in {TradeState.PAID, TradeState.FINISHED}:
        return codes.trade_has_success(refused_fields)
    if (first.total_fen, first.subject, first.merchant_id) != (again.total_fen, again.subject, again.merchant_id):
        return codes.context_inconsistent(refused_fields)
    trade.creations += 1
    if trade.creations > _CREATIONS_MAX:
        return codes.merchant_code_refused(refused_fields)
    expired = trade.qr_expires_at is not None and again.created_at >= trade.qr_expires_at
    if trade.state is TradeState.CREATED and expired:
        book.renew_qr(
            trade,
            qr_code=_qr_code(ids, first, trade.creations),
            qr_expires_at=_qr_end(first.expires_at, again.created_at),
        )
    return _qr_issued(trade)


def _qr_issued(trade: Trade) -> ProviderReply:
    return codes.success({"out_trade_no": trade.opening.out_trade_no, "qr_code": trade.qr_code})


def _qr_code(ids: Ids, opening: Opening, number: int) -> str:
    """Facts: alipay/identifiers."""
    return f"{QR_HOST}/bax" + ids.letters(21, "qr", opening.merchant_id, opening.out_trade_no, str(number))


def _qr_end(expires_at: datetime, now: datetime) -> datetime:
    return min(expires_at, now + _QR_LIFE)


def _opening(ids: Ids, work: Work) -> Opening:
    fields = work.fields
    out_trade_no = number_field(fields, "out_trade_no")
    if out_trade_no is None:
        raise Unreadable("out_trade_no")
    subject = text_field(fields, "subject", max_chars=256)
    if subject is None:
        raise Unreadable("subject")
    seller_id = text_field(fields, "seller_id", max_chars=28)
    if seller_id not in {None, work.app.seller_id}:
        raise Unreadable("seller_id")
    buyer = ids.digits(12, "buyer", work.app.seller_id, out_trade_no)
    return Opening(
        provider="alipay",
        out_trade_no=out_trade_no,
        merchant_id=work.app.seller_id,
        app_id=work.app.app_id,
        label=work.label,
        subject=subject,
        total_fen=amount_field(fields, "total_amount"),
        created_at=work.now,
        expires_at=_trade_end(fields, work.now),
        refundable_s=_REFUNDABLE_S,
        notify_url=work.common.get("notify_url", ""),
        details={
            "body": text_field(fields, "body", max_chars=128) or "",
            "passback_params": text_field(fields, "passback_params", max_chars=512) or "",
            "buyer_user_id": f"2088{buyer}",
            "buyer_logon_id": f"159****{buyer[-4:]}",
            "seller_email": "merchant@sandbox.example",
            "charset": work.common["charset"],
            "sign_type": work.common["sign_type"],
        },
    )


def _trade_end(fields: Mapping[str, object], now: datetime) -> datetime:
    """Facts: alipay/timeouts."""
    absolute = text_field(fields, "time_expire", max_chars=32)
    span = text_field(fields, "timeout_express", max_chars=6)
    try:
        if absolute is not None:
            return moment_of(absolute)
        return end_of_span(span, start_at=now) if span is not None else now + _FACE_TO_FACE
    except ValueError:
        raise Unreadable("time_expire" if absolute is not None else "timeout_express") from None


def query(book: Book, work: Work) -> ProviderReply:
    """
    Say how a trade stands.

    Facts: alipay/query
    """
    try:
        trade = find_trade(book, work)
    except Unreadable as field:
        return codes.invalid_parameter(str(field), codes.unpaid_fields(None))
    status = None if trade is None else status_of(trade)
    if trade is None or status is None:
        asked = work.fields.get("out_trade_no")
        return codes.trade_not_exist(codes.unpaid_fields(asked if isinstance(asked, str) else None))
    opening = trade.opening
    total = yuan_text(opening.total_fen)
    moved = total if trade.paid_at is not None else "0.00"
    fields: dict[str, object] = {
        "buyer_logon_id": opening.details["buyer_logon_id"],
        "buyer_pay_amount": moved,
        "buyer_user_id": opening.details["buyer_user_id"],
        "buyer_user_type": "PRIVATE",
        "invoice_amount": moved,
        "out_trade_no": opening.out_trade_no,
        "point_amount": "0.00",
        "receipt_amount": moved,
        "total_amount": total,
        "trade_no": trade.trade_no,
        "trade_status": status,
    }
    if trade.paid_at is not None:
        fields["send_pay_date"] = text_of(trade.paid_at)
        fields["fund_bill_list"] = [{"amount": total, "fund_channel": "ALIPAYACCOUNT"}]
    if opening.details["passback_params"]:
        fields["passback_params"] = opening.details["passback_params"]
    return codes.success(fields)
