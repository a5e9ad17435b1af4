"""
Alipay's notifies: which events are told, with which fields, how often, and what counts as an acknowledgement.

Fields are frozen when the event happens; only `notify_time` and the signature are made anew for each delivery.
"""

from collections.abc import Mapping
from datetime import datetime

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_providers.alipay.signing import notify_text, sign
from mock_providers.alipay.states import TradeStatus, status_of
from mock_providers.alipay.times import day_of, text_of, text_with_ms
from mock_providers.alipay.wire import CODECS, form_bytes
from mock_providers.core.book import Refund, Trade
from mock_providers.core.ids import Ids
from mock_providers.core.journal import RawResponse
from mock_providers.core.money import fen_from_yuan, yuan_text
from mock_providers.core.plans import PlannedDelivery
from mock_providers.core.provider import Ladder, Notice, OutgoingNotify

# 8 deliveries: at once, then after 4 m, 10 m, 10 m, 1 h, 2 h, 6 h and 15 h. Facts: alipay/notify-ladder
_MINUTE_S = 60.0
LADDER = Ladder(
    offsets_s=tuple(minutes * _MINUTE_S for minutes in (0, 4, 14, 24, 84, 204, 564, 1464)),
    answer_timeout_s=8.0,
)

# Both spellings stand in alipay/notify-content-type.
CONTENT_TYPES = {
    "malformed": "application/x-www-form-urlencoded; text/html; charset={charset}",
    "clean": "application/x-www-form-urlencoded; charset={charset}",
}
_AMOUNTS = ("total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount")


def acknowledged(response: RawResponse) -> bool:
    """
    Status 200 and exactly the seven characters.

    Facts: alipay/notify-ack
    """
    return response.status == 200 and response.body == b"success"


def notice_of(trade: Trade, event: str, *, ids: Ids, now: datetime, refund: Refund | None = None) -> Notice:
    """
    Freeze an event of *trade*.

    The event is "scan", "payment" or "refund"; a refund event brings its *refund*.

    Facts: alipay/notify-id, alipay/notify-fields
    """
    opening = trade.opening
    occurrence = len(trade.refunds) if event == "refund" else 1
    details = opening.details
    fields = _common_fields(trade)
    if event == "payment":
        fields |= _payment_fields(trade)
    if refund is not None:
        fields |= _refund_fields(trade, refund)
    return Notice(
        provider=opening.provider,
        out_trade_no=opening.out_trade_no,
        label=opening.label,
        event=event,
        occurrence=occurrence,
        notify_id=day_of(now) + ids.digits(26, "notify", opening.out_trade_no, event, str(occurrence)),
        url=opening.notify_url,
        fields={name: value for name, value in fields.items() if value.strip()},
        context={"charset": details["charset"], "sign_type": details["sign_type"]},
        merchant_id=opening.merchant_id,
    )


def _common_fields(trade: Trade) -> dict[str, str]:
    """Facts: alipay/notify-fields."""
    opening = trade.opening
    status = status_of(trade)
    assert status is not None
    assert trade.trade_no is not None
    assert trade.scanned_at is not None
    return {
        "app_id": opening.app_id,
        "auth_app_id": opening.app_id,
        "body": opening.details.get("body", ""),
        "buyer_id": opening.details["buyer_user_id"],
        "buyer_logon_id": opening.details["buyer_logon_id"],
        "gmt_create": text_of(trade.scanned_at),
        "notify_type": "trade_status_sync",
        "out_trade_no": opening.out_trade_no,
        "passback_params": opening.details.get("passback_params", ""),
        "seller_email": opening.details["seller_email"],
        "seller_id": opening.merchant_id,
        "subject": opening.subject,
        "total_amount": yuan_text(opening.total_fen),
        "trade_no": trade.trade_no,
        "trade_status": status,
        "version": "1.0",
    }


def _payment_fields(trade: Trade) -> dict[str, str]:
    assert trade.paid_at is not None
    total = yuan_text(trade.opening.total_fen)
    return {
        "buyer_pay_amount": total,
        "fund_bill_list": orjson.dumps([{"amount": total, "fundChannel": "ALIPAYACCOUNT"}]).decode(),
        "gmt_payment": text_of(trade.paid_at),
        "invoice_amount": total,
        "point_amount": "0.00",
        "receipt_amount": total,
    }


def _refund_fields(trade: Trade, refund: Refund) -> dict[str, str]:
    """Facts: alipay/refund-notice."""
    assert trade.paid_at is not None
    fields = {
        "gmt_payment": text_of(trade.paid_at),
        "gmt_refund": text_with_ms(refund.at),
        "out_biz_no": refund.out_request_no,
        "refund_fee": yuan_text(trade.refunded_fen),
    }
    if status_of(trade) is TradeStatus.TRADE_CLOSED:
        fields["gmt_close"] = text_of(refund.at)
    return fields


def render(
    notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime, key: RSAPrivateKey, content_type: str
) -> OutgoingNotify:
    """
    Write one delivery.

    A forged copy reuses the true notify's id; a tampered one brings an id of its own, as no platform sends two
    contents under one id.

    Facts: alipay/notify-transport, alipay/notify-sign, alipay/notify-id
    """
    charset, sign_type = notice.context["charset"], notice.context["sign_type"]
    notify_id = _another_id(notice.notify_id) if delivery.add_fen else notice.notify_id
    fields = {
        **notice.fields,
        "charset": charset,
        "notify_id": notify_id,
        "notify_time": text_of(stamp_at),
        "sign_type": sign_type,
    }
    if delivery.add_fen:
        fields |= _tampered(fields, delivery.add_fen)
    codec = CODECS[charset.lower()]
    text = notify_text(fields)
    signature = sign(key, text.encode(codec, "xmlcharrefreplace"), sign_type)
    body = form_bytes({**dict(sorted(fields.items())), "sign": signature}, codec=codec)
    return OutgoingNotify(
        headers=(
            ("Content-Type", content_type.format(charset=charset)),
            ("User-Agent", "Mozilla/4.0"),
            ("Accept-Encoding", "identity"),
        ),
        body=body,
        string_to_sign=text,
    )


def _another_id(notify_id: str) -> str:
    return f"{notify_id[:-1]}{(int(notify_id[-1]) + 1) % 10}"


def _tampered(fields: Mapping[str, str], add_fen: int) -> dict[str, str]:
    """Other amounts; what would fall below one fen is raised instead, so that it never is the truth again."""
    changed = {}
    for name in _AMOUNTS:
        if name in fields:
            true_fen = fen_from_yuan(fields[name])
            changed[name] = yuan_text(true_fen + (add_fen if true_fen + add_fen > 0 else abs(add_fen)))
    return changed
