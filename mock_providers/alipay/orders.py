"""
What all ways to begin a payment have in common: the fields of an order, what is refused at sight, and what happens
when the same number comes again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from mock_providers.alipay import codes
from mock_providers.alipay.business import (
    Unreadable,
    amount_field,
    list_field,
    number_field,
    object_field,
    text_field,
    total_allowed,
)
from mock_providers.alipay.times import end_of_span, moment_of
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import Opening, Trade, TradeState
from mock_providers.core.shared import shared
from mock_providers.core.wire.reply import ProviderReply

# See alipay/timeouts.
FACE_TO_FACE_LIFE = timedelta(hours=3)
OTHER_LIFE = timedelta(days=15)
_GOODS_MAX = 150
# In the details of trades that came by OpenAPI v3.
OPEN_API = "open_api"
SELLER_EMAIL = "merchant@sandbox.example"

# Kept with the trade where they were sent, under the names that notifies and queries use. Facts: alipay/pay
_KEPT = {
    "body": 128,
    "passback_params": 512,
    "store_id": 32,
    "operator_id": 28,
    "terminal_id": 32,
    "merchant_order_no": 32,
    "buyer_open_id": 128,
    "quit_url": 400,
}


def read_order(office: Office, work: Work, *, product: str, life: timedelta) -> Opening:
    """
    The fields of an order.

    Args:
        product: the book's word for it.
        life: how long the trade lives when the merchant does not say.

    Raises:
        Unreadable: a field that is missing or makes no sense.

    Facts: alipay/pay, alipay/timeouts
    """
    fields = work.fields
    out_trade_no = number_field(fields, "out_trade_no")
    if out_trade_no is None:
        raise Unreadable("out_trade_no")
    subject = text_field(fields, "subject", max_chars=256)
    if subject is None:
        raise Unreadable("subject")
    if text_field(fields, "seller_id", max_chars=28) not in {None, work.app.seller_id}:
        raise Unreadable("seller_id")
    return Opening(
        provider="alipay",
        out_trade_no=out_trade_no,
        merchant_id=work.app.seller_id,
        app_id=work.app.app_id,
        label=work.label,
        subject=subject,
        total_fen=amount_field(fields, "total_amount"),
        created_at=work.now,
        expires_at=_end(office, work, life),
        refundable_s=office.policy.refundable_days * 86_400.0,
        notify_url=shared(work.notify_url),
        return_url=shared(work.return_url),
        product=product,
        details=_details(office, work, out_trade_no),
    )


def _details(office: Office, work: Work, out_trade_no: str) -> dict[str, str]:
    fields = work.fields
    details = {"charset": shared(work.charset), "sign_type": shared(work.sign_type)}
    buyer = text_field(fields, "buyer_id", max_chars=28)
    details["buyer_user_id"] = buyer or f"2088{office.ids.digits(12, 'buyer', work.app.seller_id, out_trade_no)}"
    for name, max_chars in _KEPT.items():
        if name in fields:
            value = text_field(fields, name, max_chars=max_chars)
            if value:
                details[name] = value
    if work.certified:
        details["certified"] = "Y"
    if work.open_api:
        details[OPEN_API] = "Y"
    return details


def _end(office: Office, work: Work, life: timedelta) -> datetime:
    """
    When the trade closes by itself; the absolute time wins.

    Facts: alipay/timeouts
    """
    fields, now = work.fields, work.now
    absolute = text_field(fields, "time_expire", max_chars=32)
    span = text_field(fields, "timeout_express", max_chars=6)
    try:
        if absolute is not None:
            return office.on_schedule(moment_of(absolute))
        return end_of_span(span, start_at=now) if span is not None else now + life
    except ValueError:
        raise Unreadable("time_expire" if absolute is not None else "timeout_express") from None


def refused_at_sight(office: Office, work: Work, opening: Opening) -> ProviderReply | None:
    """
    What no order may be, whatever the book says of its number.

    Facts: alipay/amounts, alipay/business-codes
    """
    code = _code_at_sight(office, work, opening)
    return codes.business(code, codes.unpaid_fields(opening.out_trade_no)) if code else None


def _code_at_sight(office: Office, work: Work, opening: Opening) -> str:
    return (
        _about_contract(office, work, opening)
        or _about_amount(office, work, opening)
        or _about_contents(office, work, opening)
    )


def _about_contract(office: Office, work: Work, opening: Opening) -> str:
    policy = office.policy
    if opening.product in policy.products_not_signed:
        return "ACQ.ACCESS_FORBIDDEN"
    if policy.needs_buyer_ip and not object_field(work.fields, "business_params").get("mc_create_trade_ip"):
        return "ACQ.RISK_MERCHANT_IP_NOT_EXIST"
    return ""


def _about_amount(office: Office, work: Work, opening: Opening) -> str:
    limit_fen = office.policy.receipt_max_fen
    if not total_allowed(opening.total_fen):
        return "ACQ.TOTAL_FEE_EXCEED"
    if limit_fen is not None and opening.total_fen > limit_fen:
        return "ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION"
    if not _sums_up(work.fields, opening.total_fen):
        return "ACQ.AMOUNT_OR_CURRENCY_ERROR"
    foreign = text_field(work.fields, "trans_currency", max_chars=8) not in {None, "CNY"}
    return "ACQ.CURRENCY_NOT_SUPPORT" if foreign else ""


def _about_contents(office: Office, work: Work, opening: Opening) -> str:
    if office.policy.forbids(opening.subject, opening.details.get("body", "")):
        return "ACQ.EXIST_FORBIDDEN_WORD"
    if len(list_field(work.fields, "goods_detail")) > _GOODS_MAX:
        return "ACQ.SUB_GOODS_SIZE_MAX_COUNT"
    return "ACQ.BUYER_SELLER_EQUAL" if opening.details["buyer_user_id"] == opening.merchant_id else ""


def _sums_up(fields: Mapping[str, object], total_fen: int) -> bool:
    """
    Where all three amounts are given, the two parts make the total.

    Facts: alipay/pay
    """
    parts = [
        amount_field(fields, name) for name in ("discountable_amount", "undiscountable_amount") if fields.get(name)
    ]
    return len(parts) < 2 or sum(parts) == total_fen


def known_order(office: Office, work: Work, opening: Opening) -> Trade | None:
    """The trade that has this number already; numbers are one merchant's own."""
    return office.book.by_order("alipay", opening.out_trade_no, now=work.now, merchant_id=opening.merchant_id)


def refused_again(known: Trade, wanted: Opening, work: Work) -> ProviderReply | None:
    """
    Why a number that is known already cannot be used like this; None where the first trade may go on.

    Facts: alipay/repeat-create
    """
    code = _code_again(known, wanted, work)
    return codes.business(code, codes.unpaid_fields(wanted.out_trade_no)) if code else None


def _code_again(known: Trade, wanted: Opening, work: Work) -> str:
    first = known.opening
    if known.state is TradeState.CLOSED:
        return "ACQ.TRADE_HAS_CLOSE"
    if known.state in {TradeState.PAID, TradeState.FINISHED}:
        return "ACQ.TRADE_HAS_SUCCESS"
    if (first.total_fen, first.subject, first.product) != (wanted.total_fen, wanted.subject, wanted.product):
        return "ACQ.CONTEXT_INCONSISTENT"
    # A buyer who was not named is nobody in particular, and fits every order.
    named = "buyer_id" in work.fields
    same_buyer = first.details["buyer_user_id"] == wanted.details["buyer_user_id"]
    return "ACQ.TRADE_BUYER_NOT_MATCH" if named and not same_buyer else ""


def refused_too_late(opening: Opening, now: datetime) -> ProviderReply | None:
    """
    An order whose time was over before it began.

    Facts: alipay/business-codes
    """
    if opening.expires_at > now:
        return None
    return codes.business("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", codes.unpaid_fields(opening.out_trade_no))


def buyer_fields(trade: Trade) -> dict[str, str]:
    """
    Who pays, as answers tell it: newer applications get an open id for it.

    Facts: alipay/identifiers, alipay/pay
    """
    details = trade.opening.details
    logon = {"buyer_logon_id": buyer_logon_id(trade)}
    if "buyer_open_id" in details:
        return logon | {"buyer_open_id": details["buyer_open_id"]}
    return logon | {"buyer_user_id": details["buyer_user_id"]}


def buyer_logon_id(trade: Trade) -> str:
    """
    Masked, as everywhere.

    Facts: alipay/identifiers
    """
    return f"159****{trade.opening.details['buyer_user_id'][-4:]}"
