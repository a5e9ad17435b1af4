"""
Alipay over its v2 gateway, from the merchant's side: precreate, query, refund, refund query, notify.

Alipay's field names, codes and states live in this file and nowhere else in the gateway. Whatever is not a verified
answer is an unknown outcome. Knows no database and no merchant API.

Facts: alipay/http-200, alipay/times, alipay/notify-ack, alipay/endpoint, alipay/common-params,
alipay/params-placement, alipay/sync-envelope, alipay/gateway-codes
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp
from cryptography.hazmat.primitives.asymmetric import rsa
from yarl import URL

from reference_gateway.channels.alipay_signing import (
    NotifyVerifier,
    RsaVerifier,
    decode_signature,
    notify_text,
    open_envelope,
    request_text,
    sign,
)
from reference_gateway.channels.partial import PartialChannel
from reference_gateway.channels.port import (
    NotifyReply,
    Opening,
    OpeningState,
    PayRequest,
    RefundReport,
    RefundState,
    TradeReport,
    TradeState,
)
from reference_gateway.clock import Clock
from reference_gateway.domain.money import fen_of_yuan_text, yuan_text_of_fen
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import (
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    NotifyRefused,
    SignatureRejected,
)

BEIJING = timezone(timedelta(hours=8))

# Facts: alipay/unknown-outcome. The typo is real.
UNKNOWN_SUB_CODES = frozenset({"ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "ACQ.TRADE_HAS_SUCCESS"})
# Facts: alipay/business-codes. Nothing was done, and the same number may succeed later.
LATER_SUB_CODES = frozenset(
    {
        "ACQ.APPLY_PC_MERCHANT_CODE_ERROR",
        "ACQ.SELLER_BALANCE_NOT_ENOUGH",
        "ACQ.REFUND_CHARGE_ERROR",
        "ACQ.ENTERPRISE_PAY_BIZ_ERROR",
    }
)
TRADE_STATES: Mapping[str, TradeState] = {
    "WAIT_BUYER_PAY": TradeState.WAITING,
    "TRADE_SUCCESS": TradeState.PAID,
    "TRADE_FINISHED": TradeState.PAID,
    "TRADE_CLOSED": TradeState.CLOSED,
}
NOTICE_KINDS: Mapping[str, NoticeKind] = {
    "WAIT_BUYER_PAY": NoticeKind.WAITING,
    "TRADE_SUCCESS": NoticeKind.PAID,
    "TRADE_FINISHED": NoticeKind.PAID,
    "TRADE_CLOSED": NoticeKind.CLOSED,
}


@dataclass(frozen=True, slots=True)
class AlipayMerchant:
    """Who we are at Alipay, and where Alipay is."""

    gateway_url: str
    app_id: str
    seller_id: str
    private_key: rsa.RSAPrivateKey
    alipay_public_key: rsa.RSAPublicKey


class AlipayChannel(PartialChannel):
    """The ChannelPort of Alipay."""

    name = "alipay"
    reply = NotifyReply(accepted=b"success", refused=b"fail")

    def __init__(
        self,
        merchant: AlipayMerchant,
        *,
        clock: Clock,
        timeout_s: float = 8.0,
        notify_verifier: NotifyVerifier | None = None,
    ) -> None:
        self._merchant = merchant
        self._clock = clock
        self._timeout_s = timeout_s
        self._verify_answer = RsaVerifier(merchant.alipay_public_key)
        self._verify_notify: NotifyVerifier = notify_verifier or RsaVerifier(merchant.alipay_public_key)
        self._session: aiohttp.ClientSession | None = None

    def supports(self) -> frozenset[str]:
        return frozenset({"qr", "query", "refund", "query_refund", "parse_notify"})

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=256),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            auto_decompress=True,
        )

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        """
        Ask for a QR code, the one product so far.

        Facts: alipay/precreate, alipay/repeat-create, alipay/timeouts
        """
        answer = await self._call(
            "alipay.trade.precreate",
            {
                "out_trade_no": payment.out_trade_no,
                "total_amount": yuan_text_of_fen(payment.amount_fen),
                "subject": payment.subject,
                "timeout_express": f"{max(1, -(-ask.ttl_s // 60))}m",
            },
            notify_url=ask.notify_url,
        )
        self._raise_unless_handled(answer)
        qr_code = answer.get("qr_code")
        if not isinstance(qr_code, str) or not qr_code or answer.get("out_trade_no") != payment.out_trade_no:
            raise ChannelOutcomeUnknown("precreate was answered without a QR code for this order")
        return Opening(OpeningState.READY, {"qr_code": qr_code})

    async def query(self, payment: Payment) -> TradeReport:
        """
        Ask how the trade stands.

        Facts: alipay/query, alipay/states
        """
        answer = await self._call("alipay.trade.query", {"out_trade_no": payment.out_trade_no})
        if answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return TradeReport(state=TradeState.MISSING)
        self._raise_unless_handled(answer)
        try:
            state = TRADE_STATES[answer["trade_status"]]
            amount_fen = fen_of_yuan_text(answer["total_amount"])
            trade_no, order_no = answer["trade_no"], answer["out_trade_no"]
            paid_at = _beijing_time(answer["send_pay_date"]) if answer.get("send_pay_date") else None
        except (KeyError, TypeError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the query's answer cannot be read: {error}") from error
        if order_no != payment.out_trade_no:
            raise ChannelOutcomeUnknown("the query was answered for another order")
        if state is TradeState.CLOSED and paid_at is not None:
            state = TradeState.PAID  # paid, then refunded in full; the payment happened
        return TradeReport(state=state, channel_trade_no=str(trade_no), amount_fen=amount_fen, paid_at=paid_at)

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for the refund; 10000 alone moves nothing, `fund_change` Y does.

        Facts: alipay/refund
        """
        business = {
            "out_trade_no": payment.out_trade_no,
            "refund_amount": yuan_text_of_fen(refund.amount_fen),
            "out_request_no": refund.out_request_no,
        }
        if refund.reason:
            business["refund_reason"] = refund.reason
        answer = await self._call("alipay.trade.refund", business)
        self._raise_unless_handled(answer)
        if answer.get("out_trade_no") != payment.out_trade_no:
            raise ChannelOutcomeUnknown("the refund was answered for another order")
        return RefundReport(RefundState.SUCCEEDED if answer.get("fund_change") == "Y" else RefundState.UNCONFIRMED)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for one refund; an answer without refund fields means that there is none, or none yet. Where there is no
        trade there is no refund of it either.

        Facts: alipay/refund-query
        """
        answer = await self._call(
            "alipay.trade.fastpay.refund.query",
            {"out_trade_no": payment.out_trade_no, "out_request_no": refund.out_request_no},
        )
        if answer.get("sub_code") in {"ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"}:
            return RefundReport(RefundState.MISSING)
        self._raise_unless_handled(answer)
        if answer.get("refund_status") != "REFUND_SUCCESS":
            return RefundReport(RefundState.MISSING)
        try:
            same = fen_of_yuan_text(answer["refund_amount"]) == refund.amount_fen
        except (KeyError, TypeError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the refund query's answer cannot be read: {error}") from error
        if not same or answer.get("out_request_no") != refund.out_request_no:
            raise ChannelOutcomeUnknown("the refund query was answered for another refund")
        return RefundReport(RefundState.SUCCEEDED)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Verify over the decoded pairs as received, then check that the notify is meant for us.

        Facts: alipay/notify-content-type, alipay/notify-sign, alipay/notify-duties, alipay/refund-notice
        """
        del headers  # the content type is malformed by tradition
        pairs = _decoded_pairs(body)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise NotifyRefused("a field stands twice", code="duplicate_field")
        if fields.get("sign_type") != "RSA2":
            raise SignatureRejected("sign_type is not RSA2")
        charset = fields.get("charset", "utf-8")
        signature = decode_signature(fields.get("sign", ""))
        self._verify_notify(notify_text(pairs).encode(_codec(charset)), signature)
        if fields.get("app_id") != self._merchant.app_id:
            raise NotifyRefused("signed for another app", code="wrong_app")
        if fields.get("seller_id") != self._merchant.seller_id:
            raise NotifyRefused("signed for another seller", code="wrong_seller")
        return _notice(fields, hashlib.sha256(body).hexdigest())

    async def _call(self, method: str, business: Mapping[str, str], *, notify_url: str = "") -> Mapping[str, Any]:
        """Make one signed call and return the inner object, verified."""
        params = {
            "app_id": self._merchant.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": self._clock.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
        }
        if notify_url:
            params["notify_url"] = notify_url
        biz_content = json.dumps(business, ensure_ascii=False, separators=(",", ":"))
        params["sign"] = sign(request_text({**params, "biz_content": biz_content}), self._merchant.private_key)
        url = URL(f"{self._merchant.gateway_url}?{urlencode(params)}", encoded=True)
        body = await self._post(url, urlencode({"biz_content": biz_content}).encode())
        return self._verified(method, body)

    async def _post(self, url: URL, form: bytes) -> bytes:
        if self._session is None:
            raise ChannelUnavailable("the channel is not started")
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        try:
            async with self._session.post(url, data=form, headers=headers, allow_redirects=False) as response:
                if response.status != 200:
                    raise ChannelOutcomeUnknown(f"the channel answered HTTP {response.status}")
                return await response.read()
        except aiohttp.ClientConnectorError as error:
            raise ChannelUnavailable("no connection to the channel") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelOutcomeUnknown(f"the call broke off: {type(error).__name__}") from error

    def _verified(self, method: str, body: bytes) -> Mapping[str, Any]:
        """
        Believe only an answer whose raw inner text carries Alipay's signature.

        Facts: alipay/sync-sign, alipay/unsigned-errors
        """
        try:
            envelope = open_envelope(body.decode(), f"{method.replace('.', '_')}_response")
        except (ValueError, RecursionError) as error:
            raise ChannelOutcomeUnknown("the answer is not an Alipay envelope") from error
        if envelope.sign is None:
            raise ChannelOutcomeUnknown("the answer is not signed")
        try:
            self._verify_answer(envelope.raw.encode(), decode_signature(envelope.sign))
        except SignatureRejected as error:
            raise ChannelOutcomeUnknown("the answer's signature does not match") from error
        return envelope.content

    def _raise_unless_handled(self, answer: Mapping[str, Any]) -> None:
        """
        Sort the codes: handled, unknown, later, refused.

        Facts: alipay/gateway-codes, alipay/business-codes
        """
        code, sub_code = str(answer.get("code")), str(answer.get("sub_code", ""))
        if code == "10000":
            return
        if code == "40004" and sub_code not in UNKNOWN_SUB_CODES | LATER_SUB_CODES:
            raise ChannelRefused(f"the channel refused: {sub_code}", code=sub_code)
        if sub_code in LATER_SUB_CODES or code in {"20001", "40001", "40002", "40003", "40005", "40006"}:
            raise ChannelUnavailable(f"the channel did not do it: {code} {sub_code}", code=sub_code or code)
        raise ChannelOutcomeUnknown(f"the channel does not know: {code} {sub_code}", code=sub_code or code)


def _codec(charset: str) -> str:
    if charset.lower() in {"utf-8", "utf8"}:
        return "utf-8"
    if charset.lower() in {"gbk", "gb2312"}:
        return "gbk"
    raise NotifyRefused("the charset is unknown", code="bad_charset")


def _decoded_pairs(body: bytes) -> list[tuple[str, str]]:
    """
    Decode the form once, by the charset it declares.

    Facts: alipay/charset
    """
    try:
        text = body.decode("ascii")
        charset = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=200)).get("charset", "utf-8")
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            encoding=_codec(charset),
            errors="strict",
            max_num_fields=200,
        )
    except ValueError as error:
        raise NotifyRefused("the body is not a form in its charset", code="malformed_notify") from error
    if any("\x00" in text for pair in pairs for text in pair):
        raise NotifyRefused("a field carries a NUL", code="malformed_notify")
    return pairs


def _notice(fields: Mapping[str, str], digest: str) -> Notice:
    status = fields.get("trade_status", "")
    try:
        # Facts: alipay/refund-notice. Refund notices keep TRADE_SUCCESS; their refund fields tell them apart.
        refunded = "gmt_refund" in fields or "refund_fee" in fields
        kind = NoticeKind.REFUNDED if refunded else NOTICE_KINDS[status]
        return Notice(
            channel=AlipayChannel.name,
            notify_id=fields["notify_id"],
            kind=kind,
            out_trade_no=fields["out_trade_no"],
            channel_trade_no=fields["trade_no"],
            amount_fen=fen_of_yuan_text(fields["total_amount"]),
            paid_at=_beijing_time(fields["gmt_payment"]) if fields.get("gmt_payment") else None,
            refund_no=fields.get("out_biz_no", "") if refunded else "",
            body_digest=digest,
        )
    except KeyError as error:
        raise NotifyRefused(f"the notify has no usable {error}", code="malformed_notify") from error
    except ValueError as error:
        raise NotifyRefused("an amount or a time cannot be read", code="malformed_notify") from error


def _beijing_time(text: str) -> datetime:
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
