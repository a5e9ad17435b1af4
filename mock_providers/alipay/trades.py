"""
Orders that wait for their buyer, and how they stand: alipay.trade.precreate, alipay.trade.create, alipay.trade.query.

Business only: signatures, charsets and envelopes are over when a call comes here.
"""

from datetime import datetime, timedelta

from mock_providers.alipay import codes, orders
from mock_providers.alipay.business import Unreadable, number_field, options_field, text_field
from mock_providers.alipay.states import TradeStatus, status_of
from mock_providers.alipay.times import end_of_span, text_of
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import Opening, Trade, TradeState
from mock_providers.core.money import yuan_text
from mock_providers.core.wire.reply import ProviderReply

QR_HOST = "https://qr.alipay.com"
# See alipay/timeouts.
_QR_LIFE = timedelta(hours=2)
# See alipay/repeat-create.
_CREATIONS_MAX = 20


def find_trade(office: Office, work: Work) -> Trade | None:
    """
    By the platform's number, which wins, or by the merchant's; nobody sees another merchant's trades.

    Raises:
        Unreadable: neither is given.

    Facts: alipay/query
    """
    trade_no = number_field(work.fields, "trade_no")
    out_trade_no = number_field(work.fields, "out_trade_no")
    if trade_no is not None:
        trade = office.book.by_trade_no("alipay", trade_no, now=work.now)
    elif out_trade_no is None:
        raise Unreadable("out_trade_no")
    else:
        trade = office.book.by_order("alipay", out_trade_no, now=work.now, merchant_id=work.app.seller_id)
    if trade is None or trade.opening.merchant_id != work.app.seller_id:
        return None
    return trade


def precreate(office: Office, work: Work) -> ProviderReply:
    """
    Issue a QR code. No trade exists until a buyer scans it.

    Facts: alipay/precreate, alipay/repeat-create
    """
    opening = orders.read_order(office, work, product="qr", life=orders.FACE_TO_FACE_LIFE)
    qr_ends_at = _qr_end(work, opening.expires_at)
    refusal = orders.refused_at_sight(office, work, opening)
    if refusal is not None:
        return refusal
    known = orders.known_order(office, work, opening)
    if known is not None:
        return _precreate_again(office, work, known, opening)
    refusal = orders.refused_too_late(opening, work.now)
    if refusal is not None:
        return refusal
    return _qr_issued(office.book.open(opening, qr_code=_qr_code(office, opening, 1), qr_expires_at=qr_ends_at))


def _precreate_again(office: Office, work: Work, trade: Trade, again: Opening) -> ProviderReply:
    refusal = orders.refused_again(trade, again, work)
    if refusal is not None:
        return refusal
    trade.creations += 1
    if trade.creations > _CREATIONS_MAX:
        return codes.business("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", codes.unpaid_fields(again.out_trade_no))
    stale = trade.qr_expires_at is not None and work.now >= trade.qr_expires_at
    if trade.state is TradeState.CREATED and stale:
        office.book.renew_qr(
            trade,
            qr_code=_qr_code(office, trade.opening, trade.creations),
            qr_expires_at=_qr_end(work, trade.opening.expires_at),
        )
    return _qr_issued(trade)


def _qr_issued(trade: Trade) -> ProviderReply:
    return codes.success({"out_trade_no": trade.opening.out_trade_no, "qr_code": trade.qr_code})


def _qr_code(office: Office, opening: Opening, number: int) -> str:
    """Facts: alipay/identifiers."""
    about = ("qr", opening.merchant_id, opening.out_trade_no, str(number))
    return f"{QR_HOST}/bax" + office.ids.letters(21, *about)


def _qr_end(work: Work, trade_ends_at: datetime) -> datetime:
    """
    Two hours at most, whatever the merchant says.

    Facts: alipay/timeouts, alipay/precreate
    """
    latest = min(trade_ends_at, work.now + _QR_LIFE)
    span = text_field(work.fields, "qr_code_timeout_express", max_chars=6)
    if span is None:
        return latest
    try:
        return min(latest, end_of_span(span, start_at=work.now))
    except ValueError:
        raise Unreadable("qr_code_timeout_express") from None


def create(office: Office, work: Work) -> ProviderReply:
    """
    Open a trade for a buyer who is known already, as in a mini program; it waits for payment at once.

    Facts: alipay/create, alipay/repeat-create
    """
    _named_buyer(work)
    face_to_face = text_field(work.fields, "product_code", max_chars=64) == "FACE_TO_FACE_PAYMENT"
    life = orders.FACE_TO_FACE_LIFE if face_to_face else orders.OTHER_LIFE
    opening = orders.read_order(office, work, product="jsapi", life=life)
    refusal = orders.refused_at_sight(office, work, opening)
    if refusal is not None:
        return refusal
    known = orders.known_order(office, work, opening)
    refusal = (
        orders.refused_too_late(opening, work.now) if known is None else orders.refused_again(known, opening, work)
    )
    if refusal is not None:
        return refusal
    trade = known or open_waiting(office, opening)
    return codes.success({"out_trade_no": opening.out_trade_no, "trade_no": trade.trade_no})


def _named_buyer(work: Work) -> None:
    """Facts: alipay/create."""
    fields = work.fields
    if fields.get("buyer_id") or fields.get("buyer_open_id"):
        return
    if not (fields.get("op_buyer_open_id") and fields.get("op_app_id")):
        raise Unreadable("buyer_id")


def open_waiting(office: Office, opening: Opening) -> Trade:
    """A trade that the platform knows from the start, and that is told where scans are told."""
    number = office.new_trade_no(opening.merchant_id, opening.out_trade_no)
    trade = office.book.open(opening, trade_no=number)
    office.herald.tell(trade, "scan")
    return trade


def query(office: Office, work: Work) -> ProviderReply:
    """
    Say how a trade stands.

    Facts: alipay/query
    """
    trade = find_trade(office, work)
    status = None if trade is None else status_of(trade)
    if trade is None or status is None:
        return codes.business("ACQ.TRADE_NOT_EXIST", codes.unpaid_fields(work.out_trade_no))
    return codes.success(_standing(trade, status, work))


def query_in_process(office: Office, work: Work) -> ProviderReply:
    """
    What a query says that has not heard of the payment yet.

    Facts: alipay/query, alipay/pay
    """
    trade = find_trade(office, work)
    if trade is None or status_of(trade) is None:
        return codes.business("ACQ.TRADE_NOT_EXIST", codes.unpaid_fields(work.out_trade_no))
    return codes.success(_standing(trade, TradeStatus.WAIT_BUYER_PAY, work))


def _standing(trade: Trade, status: TradeStatus, work: Work) -> dict[str, object]:
    opening = trade.opening
    total = yuan_text(opening.total_fen)
    paid_at = trade.paid_at if status is not TradeStatus.WAIT_BUYER_PAY else None
    moved = total if paid_at is not None else "0.00"
    fields: dict[str, object] = {
        **orders.buyer_fields(trade),
        "buyer_pay_amount": moved,
        "buyer_user_type": "PRIVATE",
        "invoice_amount": moved,
        "out_trade_no": opening.out_trade_no,
        "point_amount": "0.00",
        "receipt_amount": moved,
        "total_amount": total,
        "trade_no": trade.trade_no,
        "trade_status": status,
    }
    if paid_at is not None:
        fields["send_pay_date"] = text_of(paid_at)
        fields["fund_bill_list"] = [{"amount": total, "fund_channel": "ALIPAYACCOUNT"}]
        if "mdiscount_amount" in options_field(work.fields):
            fields["mdiscount_amount"] = "0.00"
    kept = ("passback_params", "store_id", "terminal_id")
    return fields | {name: opening.details[name] for name in kept if name in opening.details}
