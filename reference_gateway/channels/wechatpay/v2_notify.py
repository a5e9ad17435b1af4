"""
The XML API's notifies: a payment's verified by its digest, a refund's opened by our key.

A refund's notify is unsigned, and whoever knows our key could have written it, so it never moves money: it only has
the refund asked about. There is no stamp in either, so their age cannot be seen.

Facts: wechatpay/v2-payment-notice, wechatpay/v2-refund-notice, wechatpay/v2-sign-type
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from reference_gateway.channels.wechatpay.merchant import V2Merchant
from reference_gateway.channels.wechatpay.v2_signing import MD5, decrypt_req_info, verify
from reference_gateway.channels.wechatpay.v2_xml import XmlRefused, fields_of
from reference_gateway.channels.wechatpay.words import REFUND_STATES, moment_of_compact
from reference_gateway.domain.money import AMOUNT_FEN_MAX, Fen
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.errors import NotifyRefused

SUCCESS = "SUCCESS"


def is_xml(body: bytes) -> bool:
    """Tell the XML API's notifies from v3's."""
    return body.lstrip()[:1] == b"<"


def whole_fen(text: str) -> Fen:
    """
    Read an amount of this API.

    Raises:
        ValueError: not plain digits, or absurd.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > len(str(AMOUNT_FEN_MAX)):
        raise ValueError(f"not an amount in fen: {text[:20]!r}")
    return Fen(int(text))


def total_fen(fields: Mapping[str, str]) -> Fen:
    """
    Read what a trade is about in all.

    Raises:
        KeyError, ValueError: no amount, or one in another currency.
    """
    if fields.get("fee_type", "CNY") != "CNY":
        raise ValueError("an amount in another currency")
    return whole_fen(fields["total_fee"])


def notice_of(body: bytes, merchant: V2Merchant, *, channel: str) -> Notice:
    """
    Read either kind of notify.

    Raises:
        SignatureRejected: not signed, or not encrypted, with our key.
        NotifyRefused: malformed, or for somebody else.
    """
    fields = _fields(body)
    if "req_info" in fields:
        return refund_notice(
            body, appid=merchant.appid, mch_id=merchant.mch_id, apiv2_key=merchant.apiv2_key, channel=channel
        )
    # Facts: wechatpay/v2-sign-type. Notifies name the type when it is not MD5.
    verify(fields, merchant.apiv2_key, sign_type=merchant.sign_type, unsaid=MD5)
    _ours(fields, appid=merchant.appid, mch_id=merchant.mch_id)
    if (fields.get("return_code"), fields.get("result_code")) != (SUCCESS, SUCCESS):
        raise NotifyRefused("the notify tells of no payment", code="not_a_payment")
    try:
        return Notice(
            channel=channel,
            notify_id=fields["transaction_id"],
            kind=NoticeKind.PAID,
            out_trade_no=fields["out_trade_no"],
            channel_trade_no=fields["transaction_id"],
            amount_fen=total_fen(fields),
            paid_at=moment_of_compact(fields["time_end"]),
            body_digest=hashlib.sha256(body).hexdigest(),
        )
    except (KeyError, ValueError) as error:
        raise NotifyRefused(f"the notify cannot be read: {error}", code="malformed_notify") from error


def refund_notice(body: bytes, *, appid: str, mch_id: str, apiv2_key: bytes, channel: str) -> Notice:
    """
    Read a refund's notify, which comes to merchants of v3 too where only the portal has an address.

    Facts: wechatpay/v2-refund-notice, wechatpay/notify-events
    """
    outer = _fields(body)
    _ours(outer, appid=appid, mch_id=mch_id)
    inner = _fields(decrypt_req_info(outer.get("req_info", ""), apiv2_key), root="root")
    try:
        state = REFUND_STATES[inner["refund_status"]]
        return Notice(
            channel=channel,
            notify_id=f"{inner['refund_id']}-{state.value}",
            kind=NoticeKind.REFUNDED,
            out_trade_no=inner["out_trade_no"],
            channel_trade_no=inner["transaction_id"],
            amount_fen=whole_fen(inner["total_fee"]),
            refund_no=inner["out_refund_no"],
            body_digest=hashlib.sha256(body).hexdigest(),
        )
    except (KeyError, ValueError) as error:
        raise NotifyRefused(f"the notify cannot be read: {error}", code="malformed_notify") from error


def _fields(body: bytes, *, root: str = "xml") -> dict[str, str]:
    try:
        return fields_of(body, root=root)
    except XmlRefused as error:
        raise NotifyRefused(f"the notify is refused as XML: {error}", code="malformed_notify") from error


def _ours(fields: Mapping[str, str], *, appid: str, mch_id: str) -> None:
    if fields.get("mch_id") != mch_id:
        raise NotifyRefused("told to another merchant", code="wrong_merchant")
    if fields.get("appid") != appid:
        raise NotifyRefused("told to another app", code="wrong_app")
