"""
API v3's notifies: the envelope, the encrypted resource, the signature, and what counts as an acknowledgement.

The resource is frozen when the event happens; encryption, stamp and signature are made anew for each delivery.

Facts: wechatpay/notify-envelope
"""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.core.provider import Notice, OutgoingNotify
from mock_providers.core.wire.journal import Headers, RawResponse
from mock_providers.wechatpay.desk import ASKED_SERIAL, PROVIDER_NAME, V3, Desk
from mock_providers.wechatpay.refunding import NOTIFY_URL
from mock_providers.wechatpay.states import RefundWord, TradeWord, refund_word_of
from mock_providers.wechatpay.times import rfc3339
from mock_providers.wechatpay.v3.coupons import with_coupon
from mock_providers.wechatpay.v3.orders import merchants_of, transaction_object
from mock_providers.wechatpay.v3.signing import answer_message, encrypt_resource
from mock_providers.wechatpay.v3.wire import SIGNATURE_TYPE, named, probe_signature, sealed

_HEADERS: Headers = (
    ("Accept", "*/*"),
    ("User-Agent", "Mozilla/4.0"),
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
)
_SUMMARIES: Mapping[RefundWord, str] = {
    RefundWord.SUCCESS: "退款成功",
    RefundWord.ABNORMAL: "退款异常",
    RefundWord.CLOSED: "退款关闭",
}
_AMOUNTS = ("total", "payer_total", "refund", "payer_refund", "total_amount", "payer_amount", "transfer_amount")
_UNKNOWN_METHOD = "NONE"
_FAILED: Mapping[str, str] = {"trade_state": TradeWord.PAYERROR, "refund_status": RefundWord.ABNORMAL}
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "merchant": ("mchid", "mch_id", "combine_mchid", "sp_mchid"),
    "app": ("appid", "combine_appid", "sp_appid"),
    "order": ("out_trade_no", "combine_out_trade_no", "out_bill_no"),
}


def acknowledged(response: RawResponse) -> bool:
    """
    Status 200 or 204, whatever the body.

    Facts: wechatpay/notify-ack
    """
    return response.status in {200, 204}


def payment_notice(desk: Desk, trade: Trade) -> Notice | None:
    """
    Freeze a payment.

    Facts: wechatpay/notify-events, wechatpay/notify-objects
    """
    if not trade.opening.notify_url:
        return None
    resource = transaction_object(trade, TradeWord.SUCCESS)
    return notice_of(desk, trade, resource, event="payment", url=trade.opening.notify_url)


def refund_notice(desk: Desk, trade: Trade, refund: Refund) -> Notice | None:
    """
    Freeze a refund's new state; the state is called `refund_status` here and `status` elsewhere.

    Facts: wechatpay/notify-events, wechatpay/notify-objects
    """
    url = refund.details.get(NOTIFY_URL, "")
    if not url:
        return None
    word = refund_word_of(trade, refund)
    total = trade.opening.total_fen
    resource: dict[str, object] = {
        **merchants_of(trade),
        "out_trade_no": trade.opening.out_trade_no,
        "transaction_id": trade.trade_no,
        "out_refund_no": refund.out_request_no,
        "refund_id": refund.refund_no,
        "refund_status": word,
        "user_received_account": refund.details.get("user_received_account", ""),
        "amount": {
            "total": total,
            "refund": refund.amount_fen,
            "payer_total": total,
            "payer_refund": refund.amount_fen,
        },
    }
    if word is RefundWord.SUCCESS and refund.settled_at is not None:
        resource["success_time"] = rfc3339(refund.settled_at)
    return notice_of(
        desk,
        trade,
        resource,
        event="refund",
        url=url,
        about=f"{refund.out_request_no}|{word}",
        asked_serial=refund.details.get(ASKED_SERIAL, ""),
        kind_of_event=f"REFUND.{word}",
        original_type="refund",
        summary=_SUMMARIES[word],
    )


def notice_of(  # noqa: PLR0913
    desk: Desk,
    trade: Trade,
    resource: Mapping[str, object],
    *,
    event: str,
    url: str,
    about: str = "",
    asked_serial: str = "",
    kind_of_event: str = "TRANSACTION.SUCCESS",
    original_type: str = "transaction",
    summary: str = "支付成功",
) -> Notice:
    """An event about *trade* with *resource* inside."""
    opening = trade.opening
    return plain_notice(
        desk,
        resource,
        order=(opening.merchant_id, opening.out_trade_no, opening.label),
        event=event,
        occurrence=len(trade.refunds) if event == "refund" else 1,
        url=url,
        about=about,
        context={
            ASKED_SERIAL: asked_serial or opening.details.get(ASKED_SERIAL, ""),
            "event_type": kind_of_event,
            "original_type": original_type,
            "summary": summary,
        },
    )


def plain_notice(
    desk: Desk,
    resource: Mapping[str, object],
    *,
    order: tuple[str, str, str],
    event: str,
    url: str,
    context: Mapping[str, str],
    occurrence: int = 1,
    about: str = "",
) -> Notice:
    """
    An event about anything.

    Args:
        order: merchant, number and label.
        about: what tells this event from others of its order, such as a refund's number and state.
    """
    mchid, number, label = order
    drawn = blake2b(f"{mchid}|{number}|{event}|{about}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return Notice(
        provider=PROVIDER_NAME,
        out_trade_no=number,
        label=label,
        event=event,
        occurrence=occurrence,
        notify_id=str(uuid.UUID(bytes=drawn, version=4)),
        url=url,
        fields={"resource": orjson.dumps(resource).decode()},
        context={**context, "create_time": rfc3339(desk.now())},
        merchant_id=mchid,
        kind=V3,
    )


def render(desk: Desk, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
    """
    Write one delivery.

    Facts: wechatpay/notify-envelope, wechatpay/notify-headers, wechatpay/notify-id, wechatpay/answer-sign
    """
    stamped = stamp_at - timedelta(seconds=delivery.stale_s)
    drawn = _drawn(notice, stamp_at)
    body = _body(desk, notice, delivery, drawn=drawn)
    charset = f"; charset={delivery.charset}" if delivery.charset else ""
    headers = (("Content-Type", f"application/json{charset}"), *_HEADERS)
    timestamp = str(int(stamped.timestamp()))
    nonce = drawn[16:].hex()
    message = answer_message(timestamp, nonce, body)
    shown = message.decode("utf-8", "replace")
    if delivery.seal is Seal.NONE and delivery.kind is not Kind.PROBE:
        return OutgoingNotify(headers, body, shown)
    chance = int.from_bytes(drawn[:7], "big") / float(1 << 56)
    pair = desk.keys.for_notify(chance, notice.context.get(ASKED_SERIAL, ""))
    if delivery.seal is Seal.NEXT:
        pair = desk.keys.ahead(pair)
    if delivery.kind is Kind.PROBE:
        signature = probe_signature(message)
    else:
        signature = sealed(pair.private, message, seal=delivery.seal, forger=desk.keys.keys.forger)
    signed: Headers = (
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Signature-Type", _UNKNOWN_METHOD if delivery.unknown_method else SIGNATURE_TYPE),
        ("Wechatpay-Serial", named(pair.serial, delivery.seal)),
    )
    return OutgoingNotify((*headers, *signed), body, shown)


def _drawn(notice: Notice, stamp_at: datetime) -> bytes:
    """32 bytes of this delivery's own: nonces are fresh for each, and the same in the same run."""
    return blake2b(f"{notice.notify_id}|{stamp_at.isoformat()}".encode(), digest_size=32).digest()


def _body(desk: Desk, notice: Notice, delivery: PlannedDelivery, *, drawn: bytes) -> bytes:
    """
    A forged copy reuses the true notify's id; one that says other things brings an id of its own.
    """
    resource = with_coupon(orjson.loads(notice.fields["resource"]), delivery.coupon_fen)
    other = delivery.says_otherwise
    if other:
        resource = _altered(resource, delivery)
    for place in range(delivery.extra_fields):
        resource[f"future_field_{place + 1}"] = {"introduced": "later"}
    nonce = drawn[8:14].hex()
    context = notice.context
    ciphertext = encrypt_resource(
        desk.merchants[notice.merchant_id].api_v3_key,
        orjson.dumps(resource),
        nonce=nonce,
        associated_data=context["original_type"],
    )
    envelope: dict[str, Any] = {
        "id": str(uuid.uuid5(uuid.UUID(notice.notify_id), delivery.fault)) if other else notice.notify_id,
        "create_time": context["create_time"],
        "resource_type": "encrypt-resource",
        "event_type": context["event_type"],
        "summary": context["summary"],
        "resource": {
            "original_type": context["original_type"],
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": context["original_type"],
            "nonce": nonce,
        },
    }
    for place in range(delivery.extra_fields):
        envelope[f"future_field_{place + 1}"] = "introduced later"
    text = orjson.dumps(envelope, option=orjson.OPT_INDENT_2 if delivery.spelling == "spaced" else None)
    return text.decode().encode(delivery.charset, "replace") if delivery.charset else text


def _altered(resource: Mapping[str, Any], delivery: PlannedDelivery) -> dict[str, Any]:
    """Other amounts, or somebody else's numbers; what would fall below one fen is raised instead."""
    altered = dict(resource)
    for kind in delivery.wrong:
        named = delivery.order if kind == "order" else ""
        for name in altered.keys() & set(_OTHERS.get(kind, ())):
            altered[name] = named or _somebody_elses(altered[name])
    for name in _FAILED.keys() & altered.keys() if delivery.failed else ():
        altered[name] = _FAILED[name]
    amount = altered.get("amount")
    if isinstance(amount, dict):
        altered["amount"] = _other_amount(amount, delivery)
    elif add_fen := delivery.off_fen(named=False):
        for name in altered.keys() & set(_AMOUNTS):
            altered[name] = _other_fen(altered[name], add_fen)
    return altered


def _other_amount(amount: Mapping[str, Any], delivery: PlannedDelivery) -> dict[str, Any]:
    named = [name for name in ("currency", "payer_currency") if name in amount]
    add_fen = delivery.off_fen(named=bool(named))
    other = {name: _other_fen(fen, add_fen) for name, fen in amount.items() if add_fen and name in _AMOUNTS}
    return {**amount, **other, **(dict.fromkeys(named, delivery.currency) if delivery.currency else {})}


def _other_fen(true_fen: int, add_fen: int) -> int:
    return true_fen + (add_fen if true_fen + add_fen > 0 else abs(add_fen))


def _somebody_elses(number: str) -> str:
    """Of the same shape, with another last character."""
    return number[:-1] + ("0" if number[-1] != "0" else "1")
