"""
Alipay's notifies: which events are told, with which fields, how often, and what counts as an acknowledgement.

Fields are frozen when the event happens; only the stamp and the signature are made anew for each delivery.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

import orjson

from mock_providers.alipay.apps import Keyring
from mock_providers.alipay.endings import finished, with_coupon
from mock_providers.alipay.orders import SELLER_EMAIL, buyer_logon_id
from mock_providers.alipay.payouts import payout_result, payout_status
from mock_providers.alipay.policy import Policy
from mock_providers.alipay.signing import downgraded, notify_text, request_text, sign_once
from mock_providers.alipay.states import TradeStatus, status_of
from mock_providers.alipay.times import day_of, text_of, text_with_ms
from mock_providers.alipay.wire import CODECS, form_bytes
from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.books.payouts import Payout
from mock_providers.core.ids import Ids
from mock_providers.core.money import fen_from_yuan, yuan_text
from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.core.provider import Ladder, Notice, OutgoingNotify
from mock_providers.core.wire.journal import RawResponse

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
MESSAGE = "message"
_AMOUNTS = ("total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount")
_REFUNDS = frozenset({"refund_part", "refund_whole"})
UNKNOWN_METHOD = "NONE"
# What is told of an order as it was sent. Facts: alipay/notify-fields
_ECHOED = ("body", "passback_params", "store_id", "operator_id", "terminal_id", "merchant_order_no")


def ladder_of(policy: Policy) -> Ladder:
    """
    The ladder, with the immediate resends of the face-to-face pages where they are wanted.

    Facts: alipay/notify-ladder
    """
    at_once = (0.0,) * policy.notify_resends_at_once
    return replace(LADDER, offsets_s=at_once + LADDER.offsets_s)


def acknowledged(response: RawResponse, *, may_have_blanks: bool = False) -> bool:
    """
    Status 200 and exactly the seven characters.

    Facts: alipay/notify-ack
    """
    body = response.body.strip() if may_have_blanks else response.body
    return response.status == 200 and body == b"success"


def notice_of(
    trade: Trade, event: str, *, ids: Ids, now: datetime, refund: Refund | None = None, url: str = ""
) -> Notice:
    """
    Freeze an event of *trade*.

    Args:
        event: scan, payment, close, finish, or with its *refund* refund_part or refund_whole.
        url: goes before the trade's own.

    Facts: alipay/notify-id, alipay/notify-fields
    """
    opening = trade.opening
    told_as = "refund" if event in _REFUNDS else event
    occurrence = 1 if refund is None else [*trade.refunds].index(refund.out_request_no) + 1
    fields = _common_fields(trade)
    if event in {"payment", "finish"}:
        fields |= _payment_fields(trade)
    if refund is not None:
        fields |= _refund_fields(trade, refund)
    if fields["trade_status"] == TradeStatus.TRADE_CLOSED:
        assert trade.closed_at is not None
        fields["gmt_close"] = text_of(trade.closed_at)
    return Notice(
        provider=opening.provider,
        out_trade_no=opening.out_trade_no,
        label=opening.label,
        event=told_as,
        occurrence=occurrence,
        notify_id=day_of(now)
        + ids.digits(26, "notify", opening.merchant_id, opening.out_trade_no, told_as, str(occurrence)),
        url=url or opening.notify_url,
        fields={name: value for name, value in fields.items() if value.strip()},
        context={name: opening.details.get(name, "") for name in ("charset", "sign_type", "certified")},
        merchant_id=opening.merchant_id,
    )


def _common_fields(trade: Trade) -> dict[str, str]:
    """Facts: alipay/notify-fields."""
    opening = trade.opening
    status = status_of(trade)
    assert status is not None
    assert trade.trade_no is not None
    assert trade.scanned_at is not None
    details = opening.details
    buyer = {"buyer_id": details["buyer_user_id"]}
    if "buyer_open_id" in details:
        buyer = {"buyer_open_id": details["buyer_open_id"]}
    return {
        **{name: details[name] for name in _ECHOED if name in details},
        **buyer,
        "app_id": opening.app_id,
        "auth_app_id": opening.app_id,
        "buyer_logon_id": buyer_logon_id(trade),
        "gmt_create": text_of(trade.scanned_at),
        "notify_type": "trade_status_sync",
        "out_trade_no": opening.out_trade_no,
        "seller_email": SELLER_EMAIL,
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
    return {
        "gmt_payment": text_of(trade.paid_at),
        "gmt_refund": text_with_ms(refund.settled_at or refund.at),
        "out_biz_no": refund.out_request_no,
        "refund_fee": yuan_text(trade.refunded_fen),
    }


def render(
    notice: Notice,
    delivery: PlannedDelivery,
    *,
    stamp_at: datetime,
    keyring: Keyring,
    policy: Policy,
    renewed: bool = False,
) -> OutgoingNotify:
    """
    Write one delivery.

    A forged copy reuses the true notify's id; one with another content brings an id of its own, as no platform sends
    two contents under one id.

    Facts: alipay/notify-transport, alipay/notify-sign, alipay/notify-id
    """
    charset = delivery.charset or notice.context["charset"]
    codec = CODECS[charset.lower()]
    fields = _delivered(notice, delivery, charset=charset, stamp_at=stamp_at - timedelta(seconds=delivery.stale_s))
    text = notify_text(fields)
    sealed = _misread(notice, delivery, fields) if delivery.seal is Seal.DAMAGED else text
    signature = _signature(
        notice, delivery, sealed.encode(codec, "xmlcharrefreplace"), keyring=keyring, renewed=renewed
    )
    ordered = dict(sorted(fields.items())) | ({"sign": signature} if signature else {})
    return OutgoingNotify(
        headers=(
            ("Content-Type", CONTENT_TYPES[policy.notify_content_type].format(charset=charset)),
            ("User-Agent", "Mozilla/4.0"),
            ("Accept-Encoding", "identity"),
        ),
        body=form_bytes(ordered, codec=codec, percent_spaces=delivery.spelling == "percent_spaces"),
        string_to_sign=text,
    )


def _delivered(notice: Notice, delivery: PlannedDelivery, *, charset: str, stamp_at: datetime) -> dict[str, str]:
    sign_type, _ = downgraded(notice.context["sign_type"], delivery.seal)
    declared = UNKNOWN_METHOD if delivery.unknown_method else sign_type
    fields = {**notice.fields, "charset": charset, "sign_type": declared}
    fields["notify_id"] = notice.notify_id
    if notice.kind == MESSAGE:
        fields["utc_timestamp"] = str(int(stamp_at.timestamp() * 1000))
    else:
        fields["notify_time"] = text_of(stamp_at)
    changed = _tampered(fields, delivery.off_fen(named=False)) | _somebody_elses(fields, delivery.wrong)
    if delivery.order and "order" in delivery.wrong:
        changed["out_trade_no"] = delivery.order
    if delivery.failed:
        changed["trade_status"] = TradeStatus.TRADE_CLOSED
    told = {**with_coupon(fields, delivery.coupon_fen, notify=True), **(finished(fields) if delivery.finished else {})}
    changed |= {name: str(value) for name, value in told.items()}
    if changed:
        changed["notify_id"] = _another_id(notice.notify_id, repr(sorted(changed.items())))
    unknown = {f"new_field_{number}": str(number) for number in range(1, delivery.extra_fields + 1)}
    return fields | changed | unknown | _spelled(fields, delivery.spelling)


def _spelled(fields: Mapping[str, str], spelling: str) -> dict[str, str]:
    """
    The same content in another lawful spelling.

    Facts: alipay/amounts, alipay/notify-sign
    """
    if spelling == "short_amounts":
        return {name: fields[name].rstrip("0").rstrip(".") for name in _AMOUNTS if name in fields}
    return {"new_field": ""} if spelling == "empty_field" else {}


def _misread(notice: Notice, delivery: PlannedDelivery, fields: Mapping[str, str]) -> str:
    """
    What a wrong signature covers: what rules read wrongly make of the fields, or the truth that was changed afterwards.

    Facts: alipay/notify-sign
    """
    if delivery.misread == "sign_type":
        return request_text(fields)
    if delivery.misread == "empty_values":
        return notify_text({**fields, "extend_params": ""})
    truth = {name: notice.fields.get(name, value) for name, value in fields.items()} | {"notify_id": notice.notify_id}
    text = notify_text(truth)
    return text if text != notify_text(fields) else f"{text}&damaged=Y"


def _signature(notice: Notice, delivery: PlannedDelivery, text: bytes, *, keyring: Keyring, renewed: bool) -> str:
    """Facts: alipay/notify-sign."""
    wanted = Seal.FOREIGN if delivery.kind is Kind.PROBE else delivery.seal
    sign_type, seal = downgraded(notice.context["sign_type"], wanted)
    certified = bool(notice.context.get("certified"))
    key, _ = keyring.signer(certified=certified, renewed=renewed or seal is Seal.NEXT)
    if seal is Seal.NONE:
        return ""
    if seal is Seal.FOREIGN:
        return sign_once(keyring.forger, text, sign_type)
    return sign_once(key, text, sign_type)


def _another_id(notify_id: str, about: str) -> str:
    """The true id with its last digits changed, and never by nothing."""
    shift = 1 + crc32(about.encode("utf-8", "surrogatepass")) % 999_999
    return f"{notify_id[:-6]}{(int(notify_id[-6:]) + shift) % 1_000_000:06d}"


def _tampered(fields: Mapping[str, str], add_fen: int) -> dict[str, str]:
    """Other amounts; what would fall below one fen is raised instead, so that it never is the truth again."""
    changed = {}
    for name in _AMOUNTS:
        if add_fen and name in fields:
            true_fen = fen_from_yuan(fields[name])
            changed[name] = yuan_text(true_fen + (add_fen if true_fen + add_fen > 0 else abs(add_fen)))
    return changed


def _somebody_elses(fields: Mapping[str, str], wrong: frozenset[str]) -> dict[str, str]:
    """Correctly signed, and about another merchant, another application or an order that nobody made."""
    named = {
        "merchant": ("seller_id",),
        "app": ("app_id", "auth_app_id"),
        "order": ("out_trade_no", "trade_no"),
    }
    changed = {}
    for word in wrong:
        for name in named[word]:
            if name in fields:
                last = fields[name][-1:]
                changed[name] = fields[name][:-1] + ("7" if last != "7" else "3")
    return changed


def payout_notice(payout: Payout, *, ids: Ids, now: datetime, url: str) -> Notice:
    """
    Freeze the result of a payout, as the application gateway is told it.

    Facts: alipay/transfer
    """
    status = payout_status(payout)
    return Notice(
        provider=payout.provider,
        out_trade_no=payout.out_biz_no,
        label=payout.label,
        event="payout",
        occurrence=2 if status == "REFUND" else 1,
        notify_id=day_of(now) + ids.digits(26, "payout", payout.merchant_id, payout.out_biz_no, status),
        url=url,
        fields={
            "app_id": payout.details["app_id"],
            "biz_content": orjson.dumps(payout_result(payout)).decode(),
            "msg_method": "alipay.fund.trans.order.changed",
            "version": "1.1",
        },
        context={"charset": payout.details["charset"], "sign_type": payout.details["sign_type"], "certified": "Y"},
        merchant_id=payout.merchant_id,
        kind=MESSAGE,
    )
