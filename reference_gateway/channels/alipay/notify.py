"""
Alipay's notify: verified over the decoded pairs as received, checked to be meant for us, put into our words.

Both interfaces send the same form, so both channels read it here.

Facts: alipay/notify-content-type, alipay/notify-sign, alipay/notify-duties, alipay/refund-notice, alipay/v3-paths
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from reference_gateway.channels import forms
from reference_gateway.channels.alipay.signing import NotifyVerifier, decode_signature, notify_text
from reference_gateway.channels.alipay.words import NOTICE_KINDS, beijing_time
from reference_gateway.domain.money import fen_of_yuan_text
from reference_gateway.domain.notice import Notice, NoticeKind
from reference_gateway.errors import NotifyRefused, SignatureRejected

FIELDS_MAX = 200
_CHARSET = re.compile("(?:^|&)charset=([^&]*)")


class NotifyReader:
    """Reads notifies of one app for one channel."""

    def __init__(self, channel: str, *, app_id: str, seller_id: str, verify: NotifyVerifier) -> None:
        self._channel = channel
        self._app_id = app_id
        self._seller_id = seller_id
        self._verify = verify

    def __call__(self, body: bytes) -> Notice:
        """
        Verify over the decoded pairs as received, then check that the notify is meant for us.

        Raises:
            SignatureRejected: the signature does not match.
            NotifyRefused: signed, but malformed, or for somebody else.
        """
        pairs = _decoded_pairs(body)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise NotifyRefused("a field stands twice", code="duplicate_field")
        if fields.get("sign_type") != "RSA2":
            raise SignatureRejected("sign_type is not RSA2")
        signature = decode_signature(fields.get("sign", ""))
        self._verify(notify_text(pairs).encode(_codec(fields.get("charset", "utf-8"))), signature)
        if fields.get("app_id") != self._app_id:
            raise NotifyRefused("signed for another app", code="wrong_app")
        if fields.get("seller_id") != self._seller_id:
            raise NotifyRefused("signed for another seller", code="wrong_seller")
        return _notice(self._channel, fields, hashlib.sha256(body).hexdigest())


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
        said = _CHARSET.search(text)
        charset = "utf-8" if said is None else unquote_plus(said[1])
        pairs = forms.read(text, _codec(charset), fields_max=FIELDS_MAX)
    except ValueError as error:
        raise NotifyRefused("the body is not a form in its charset", code="malformed_notify") from error
    if any(value != charset for name, value in pairs if name == "charset"):
        raise NotifyRefused("the charset is not named plainly", code="bad_charset")
    return pairs


def _notice(channel: str, fields: Mapping[str, str], digest: str) -> Notice:
    status = fields.get("trade_status", "")
    try:
        # Facts: alipay/refund-notice. Refund notices keep TRADE_SUCCESS; their refund fields tell them apart.
        refunded = "gmt_refund" in fields or "refund_fee" in fields
        kind = NoticeKind.REFUNDED if refunded else NOTICE_KINDS[status]
        return Notice(
            channel=channel,
            notify_id=fields["notify_id"],
            kind=kind,
            out_trade_no=fields["out_trade_no"],
            channel_trade_no=fields["trade_no"],
            amount_fen=fen_of_yuan_text(fields["total_amount"]),
            paid_at=beijing_time(fields["gmt_payment"]) if fields.get("gmt_payment") else None,
            refund_no=fields.get("out_biz_no", "") if refunded else "",
            body_digest=digest,
        )
    except KeyError as error:
        raise NotifyRefused(f"the notify has no usable {error}", code="malformed_notify") from error
    except ValueError as error:
        raise NotifyRefused("an amount or a time cannot be read", code="malformed_notify") from error
