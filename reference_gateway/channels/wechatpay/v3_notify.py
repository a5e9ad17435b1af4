"""
API v3's notifies: verified over the raw body, opened, and translated.

Facts: wechatpay/notify-headers, wechatpay/notify-envelope, wechatpay/notify-objects, wechatpay/notify-events
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from reference_gateway.channels.port import TradeState
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.platform_keys import PlatformKeys, UnknownSerial
from reference_gateway.channels.wechatpay.v3_signing import GCM, answer_text, decrypt
from reference_gateway.channels.wechatpay.v3_stamps import seal_of
from reference_gateway.channels.wechatpay.v3_trades import amount_of, report_of
from reference_gateway.clock import Clock
from reference_gateway.domain.money import NOTHING_FEN
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.errors import NotifyRefused

PAID = "TRANSACTION.SUCCESS"
PAID_OUT = "MCHTRANSFER.BILL.FINISHED"
REFUND_EVENTS = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})


class V3Notifies:
    """Reads notifies."""

    def __init__(self, merchant: V3Merchant, keys: PlatformKeys, *, channel: str, clock: Clock) -> None:
        self._merchant = merchant
        self._keys = keys
        self._channel = channel
        self._clock = clock

    def parse(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """
        Verify stamp and signature, open the resource, and hold it against who we are.

        An unknown serial is refused, and the list of certificates fetched meanwhile: the next copy of the notify finds
        its key here.
        """
        lowered = {name.lower(): value for name, value in headers.items() if name.lower().startswith("wechatpay-")}
        seal = seal_of(lowered, now=self._clock.now())
        text = answer_text(timestamp=seal.timestamp, nonce=seal.nonce, body=body)
        try:
            self._keys.verify(seal.serial, text, seal.signature)
        except UnknownSerial:
            self._keys.wish(seal.serial)
            raise
        try:
            envelope = _object(body)
            told = _object(self._opened(envelope["resource"]))
            return self._notice(envelope, told, hashlib.sha256(body).hexdigest())
        except KeyError as error:
            raise NotifyRefused(f"the notify has no usable {error}", code="malformed_notify") from error
        except (TypeError, ValueError) as error:
            raise NotifyRefused(f"the notify cannot be read: {error}", code="malformed_notify") from error

    def _opened(self, resource: Mapping[str, Any]) -> bytes:
        if resource["algorithm"] != GCM:
            raise ValueError(f"encrypted by {str(resource['algorithm'])[:40]}")
        return decrypt(
            self._merchant.apiv3_key,
            nonce=str(resource["nonce"]),
            associated_data=str(resource.get("associated_data") or ""),
            ciphertext=str(resource["ciphertext"]),
        )

    def _notice(self, envelope: Mapping[str, Any], told: Mapping[str, Any], digest: str) -> Notice:
        event = str(envelope["event_type"])
        if event == PAID_OUT:
            return self._payout_notice(envelope, told, digest)
        if event != PAID and event not in REFUND_EVENTS:
            raise NotifyRefused(f"the event {event[:60]} is not ours to handle", code="unknown_event")
        if told["mchid"] != self._merchant.mchid:
            raise NotifyRefused("signed for another merchant", code="wrong_merchant")
        paid_at = None
        if event == PAID:
            if told["appid"] != self._merchant.appid:
                raise NotifyRefused("signed for another app", code="wrong_app")
            report = report_of(told)
            if report.state is not TradeState.PAID:
                raise ValueError(f"{event} about a trade that is {told['trade_state']}")
            paid_at, amount_fen = report.paid_at, report.amount_fen
        else:
            amount_fen = amount_of(told["amount"], "total")
        return Notice(
            channel=self._channel,
            notify_id=str(envelope["id"]),
            kind=NoticeKind.PAID if event == PAID else NoticeKind.REFUNDED,
            out_trade_no=str(told["out_trade_no"]),
            channel_trade_no=str(told["transaction_id"]),
            amount_fen=amount_fen if amount_fen is not None else NOTHING_FEN,
            paid_at=paid_at,
            refund_no="" if event == PAID else str(told["out_refund_no"]),
            body_digest=digest,
        )

    def _payout_notice(self, envelope: Mapping[str, Any], told: Mapping[str, Any], digest: str) -> Notice:
        """
        Read that a payout has come to its end; which one, the query says, so nothing but its number is believed.

        Facts: wechatpay/transfer-bills
        """
        return Notice(
            channel=self._channel,
            notify_id=str(envelope["id"]),
            kind=NoticeKind.PAID_OUT,
            out_trade_no=str(told["out_bill_no"]),
            channel_trade_no="",
            amount_fen=NOTHING_FEN,
            body_digest=digest,
        )


def _object(text: bytes) -> Mapping[str, Any]:
    fields = orjson.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (a malformed notify, not a wrong call)
    return fields
