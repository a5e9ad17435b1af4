"""
The XML API's notifies: the payment, signed with the shared key, and the refund, encrypted with it.

Fields are frozen when the event happens; nonce, signature and encryption are made anew for each delivery.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.padding import PKCS7

from mock_providers.core.books.book import Refund, Trade
from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.core.provider import Notice, OutgoingNotify
from mock_providers.core.wire.journal import Headers, RawResponse
from mock_providers.wechatpay.desk import PROVIDER_NAME, V2, Desk
from mock_providers.wechatpay.refunding import NOTIFY_URL
from mock_providers.wechatpay.states import RefundWord, refund_word_of
from mock_providers.wechatpay.times import spaced
from mock_providers.wechatpay.v2 import xml
from mock_providers.wechatpay.v2.answers import FOREIGN_KEY
from mock_providers.wechatpay.v2.door import sandbox_key
from mock_providers.wechatpay.v2.shown import amounts_of, coupons_of, payment_fields, with_coupon
from mock_providers.wechatpay.v2.signing import downgraded, seal, sealed_bytes, text_of

# See wechatpay/v2-refund-states.
STATUS: Mapping[RefundWord, str] = {
    RefundWord.SUCCESS: "SUCCESS",
    RefundWord.PROCESSING: "PROCESSING",
    RefundWord.ABNORMAL: "CHANGE",
    RefundWord.CLOSED: "REFUNDCLOSE",
}
_HEADERS: Headers = (
    ("Accept", "*/*"),
    ("User-Agent", "Mozilla/4.0"),
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
)
_AMOUNTS = ("total_fee", "settlement_total_fee", "cash_fee", "refund_fee", "settlement_refund_fee")
_OTHERS: Mapping[str, tuple[str, ...]] = {"merchant": ("mch_id",), "app": ("appid",), "order": ("out_trade_no",)}
_FAILED: Mapping[str, str] = {"result_code": "FAIL", "err_code": "SYSTEMERROR", "err_code_des": "系统错误"}
_FAILED_REFUND: Mapping[str, str] = {"refund_status": STATUS[RefundWord.ABNORMAL]}
_BARE = frozenset({"total_fee"})
_UNKNOWN_METHOD = "NONE"
_ACKED = re.compile(rb"<return_code>\s*(?:<!\[CDATA\[\s*SUCCESS\s*\]\]>|SUCCESS)\s*</return_code>")


def acknowledged(response: RawResponse) -> bool:
    """
    Status 200 and XML whose `return_code` is SUCCESS.

    Facts: wechatpay/v2-notify-ack
    """
    return response.status == 200 and _ACKED.search(response.body[:4096]) is not None


def payment_notice(trade: Trade) -> Notice | None:
    """
    Freeze a payment; payments by code are told nobody.

    Facts: wechatpay/v2-payment-notice
    """
    opening = trade.opening
    if not opening.notify_url:
        return None
    fields = {
        "return_code": "SUCCESS",
        "result_code": "SUCCESS",
        "appid": opening.app_id,
        "mch_id": opening.merchant_id,
        "device_info": opening.details.get("device_id", ""),
        **payment_fields(trade),
    }
    sign_type = opening.details.get("sign_type", "MD5")
    if sign_type != "MD5":
        fields["sign_type"] = sign_type
    context = {"sign_type": sign_type, "sandbox": opening.details.get("sandbox", "")}
    return _notice(trade, fields, event="payment", occurrence=1, url=opening.notify_url, context=context)


def refund_notice(trade: Trade, refund: Refund) -> Notice | None:
    """
    Freeze a refund's new state.

    Facts: wechatpay/v2-refund-notice
    """
    url = refund.details.get(NOTIFY_URL, "")
    if not url:
        return None
    fields = {
        **refund_fields(trade, refund),
        "refund_recv_accout": "支付用户零钱",
        "refund_account": refund.details.get("refund_account") or "REFUND_SOURCE_RECHARGE_FUNDS",
        "refund_request_source": "API",
    }
    context = {
        "appid": trade.opening.app_id,
        "mch_id": trade.opening.merchant_id,
        "sandbox": trade.opening.details.get("sandbox", ""),
        "about": f"{refund.out_request_no}|{fields['refund_status']}",
    }
    return _notice(trade, fields, event="refund", occurrence=len(trade.refunds), url=url, context=context)


def refund_fields(trade: Trade, refund: Refund) -> dict[str, str]:
    """
    One refund, without an index behind its names.

    Facts: wechatpay/v2-refund-notice, wechatpay/v2-refundquery
    """
    word = refund_word_of(trade, refund)
    amounts = amounts_of(trade)
    fields = {
        "transaction_id": trade.trade_no or "",
        "out_trade_no": trade.opening.out_trade_no,
        "refund_id": refund.refund_no,
        "out_refund_no": refund.out_request_no,
        "total_fee": str(trade.opening.total_fen),
        "settlement_total_fee": amounts.get("settlement_total_fee", str(trade.opening.total_fen)),
        "refund_fee": str(refund.amount_fen),
        "settlement_refund_fee": str(settled_fen(trade, refund)),
        "refund_status": STATUS[word],
    }
    if word is RefundWord.SUCCESS and refund.settled_at is not None:
        fields["success_time"] = spaced(refund.settled_at)
    return fields


def settled_fen(trade: Trade, refund: Refund) -> int:
    """
    What of a refund is money: a coupon that the merchant got no money for goes back with the whole only.

    Facts: wechatpay/v2-acceptance
    """
    whole = refund.amount_fen == trade.opening.total_fen
    no_cash_fen = sum(fen for kind, fen in coupons_of(trade) if kind == "NO_CASH")
    return refund.amount_fen - (no_cash_fen if whole else 0)


def _notice(
    trade: Trade, fields: Mapping[str, str], *, event: str, occurrence: int, url: str, context: Mapping[str, str]
) -> Notice:
    opening = trade.opening
    about = f"{opening.merchant_id}|{opening.out_trade_no}|{event}|{context.get('about', '')}"
    return Notice(
        provider=PROVIDER_NAME,
        out_trade_no=opening.out_trade_no,
        label=opening.label,
        event=event,
        occurrence=occurrence,
        notify_id=hashlib.blake2b(about.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
        url=url,
        fields={name: value for name, value in fields.items() if value},
        context=context,
        merchant_id=opening.merchant_id,
        kind=V2,
    )


def render(desk: Desk, notice: Notice, delivery: PlannedDelivery, *, stamp_at: datetime) -> OutgoingNotify:
    """
    Write one delivery. There is no stamp in it, so a stale one cannot be told from a fresh one.

    Facts: wechatpay/v2-payment-notice, wechatpay/v2-refund-notice, wechatpay/v2-notify-transport
    """
    merchant = desk.merchants[notice.merchant_id]
    key = sandbox_key(merchant) if notice.context.get("sandbox") else merchant.api_v2_key
    nonce = hashlib.blake2b(f"{notice.notify_id}|{stamp_at.isoformat()}".encode(), digest_size=16).hexdigest()
    # A signature probe is v3's; here it is a stranger's signature and nothing else.
    kind = Seal.FOREIGN if delivery.kind is Kind.PROBE else delivery.seal
    text, body = (_refund if notice.event == "refund" else _payment)(notice, delivery, key=key, nonce=nonce, kind=kind)
    charset = f"; charset={delivery.charset}" if delivery.charset else ""
    headers = (("Content-Type", f"text/xml{charset}"), *_HEADERS)
    return OutgoingNotify(headers, body.encode(delivery.charset or "utf-8", "replace"), text)


def _payment(notice: Notice, delivery: PlannedDelivery, *, key: str, nonce: str, kind: Seal) -> tuple[str, str]:
    """The signed string, and the XML with its fields in the order of their names."""
    true = {**notice.fields, **with_coupon(notice.fields, delivery.coupon_fen), "nonce_str": nonce}
    fields = _altered(true, delivery)
    sign_type, kind = downgraded(notice.context["sign_type"], kind)
    if sign_type == "MD5":
        fields.pop("sign_type", None)
    if delivery.unknown_method:
        fields["sign_type"] = _UNKNOWN_METHOD
    if delivery.spelling == "empty_field":
        fields |= {name: fields.get(name, "") for name in ("attach", "device_info")}
    text = text_of(fields)
    signed = _misread(fields, delivery.misread) if kind is Seal.DAMAGED else text
    if kind is not Seal.NONE:
        # A misreading that changes nothing here would be no forgery.
        damage = kind if signed == text else Seal.TRUE
        fields["sign"] = _sealed(signed, key, sign_type=sign_type, kind=damage, charset=delivery.charset)
    return text, xml.write(dict(sorted(fields.items())), bare=_BARE)


def _misread(fields: Mapping[str, str], misread: str) -> str:
    """
    What somebody signs who has misread the rules.

    Facts: wechatpay/v2-sign
    """
    if misread == "sign_type":
        return text_of({name: value for name, value in fields.items() if name != "sign_type"})
    if misread == "empty_values":
        return "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return text_of(fields)


def _sealed(text: str, key: str, *, sign_type: str, kind: Seal, charset: str) -> str:
    if kind is Seal.FOREIGN:
        return seal(text, FOREIGN_KEY, sign_type=sign_type)
    tail = "\0" if kind is Seal.DAMAGED else ""
    data = f"{text}&key={key}{tail}".encode(charset or "utf-8", "replace")
    return sealed_bytes(data, key, sign_type=sign_type)


def _refund(notice: Notice, delivery: PlannedDelivery, *, key: str, nonce: str, kind: Seal) -> tuple[str, str]:
    """
    Nothing is signed; that the inside opens with the shared key is the proof.

    Facts: wechatpay/v2-refund-notice
    """
    kind = kind.among()
    inner_fields = _altered(dict(notice.fields), delivery)
    inner = xml.write(inner_fields, root="root")
    data = inner.encode(delivery.charset or "utf-8", "replace")
    outer = {
        "return_code": "SUCCESS",
        "appid": notice.context["appid"],
        "mch_id": notice.context["mch_id"],
        "nonce_str": nonce,
    }
    strangers = {name for one in delivery.wrong if one != "order" for name in _OTHERS.get(one, ())}
    outer |= {name: _somebody_elses(outer[name]) for name in strangers}
    if kind is Seal.NONE:
        outer["req_info"] = b64encode(data).decode()
    else:
        sealed = encrypted(data, FOREIGN_KEY if kind is Seal.FOREIGN else key)
        outer["req_info"] = b64encode(_damaged(sealed) if kind is Seal.DAMAGED else sealed).decode()
    return inner, xml.write(outer)


def _damaged(sealed: bytes) -> bytes:
    """The first of sixteen bytes changed: what it opens to is another text."""
    return bytes([sealed[0] ^ 1]) + sealed[1:]


def encrypted(data: bytes, key: str) -> bytes:
    """
    AES-256-ECB with PKCS#7 under the lower-case hexadecimal MD5 of the shared key.

    Facts: wechatpay/v2-refund-notice
    """
    digest = hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
    padder, encryptor = PKCS7(128).padder(), Cipher(AES(digest.encode()), ECB()).encryptor()  # noqa: S305  the protocol's
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def _altered(fields: dict[str, str], delivery: PlannedDelivery) -> dict[str, str]:
    """Other amounts, somebody else's numbers, fields of the future."""
    currencies = [name for name in ("fee_type", "cash_fee_type") if name in fields]
    add_fen = delivery.off_fen(named=bool(currencies))
    for name in _AMOUNTS if add_fen else ():
        if name in fields:
            fields[name] = str(_other_fen(int(fields[name]), add_fen))
    fields |= dict.fromkeys(currencies, delivery.currency) if delivery.currency else {}
    if delivery.failed:
        fields |= _FAILED_REFUND if "refund_status" in fields else _FAILED
    for kind in delivery.wrong:
        for name in _OTHERS.get(kind, ()):
            if name in fields:
                named = delivery.order if kind == "order" else ""
                fields[name] = named or _somebody_elses(fields[name])
    for place in range(delivery.extra_fields):
        fields[f"future_field_{place + 1}"] = "introduced later"
    return fields


def _other_fen(true_fen: int, add_fen: int) -> int:
    """What would fall below one fen is raised instead."""
    return true_fen + (add_fen if true_fen + add_fen > 0 else abs(add_fen))


def _somebody_elses(number: str) -> str:
    """Of the same shape, with another last character."""
    return number[:-1] + ("0" if number[-1] != "0" else "1")
