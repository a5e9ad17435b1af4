"""
Calls over Alipay's v2 gateway: signed, sent once, believed only when Alipay's signature fits.

Facts: alipay/endpoint, alipay/common-params, alipay/params-placement, alipay/sync-envelope, alipay/http-200
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from yarl import URL

from reference_gateway.channels.alipay.answers import Answer, v2_answer
from reference_gateway.channels.alipay.http import AlipayHttp
from reference_gateway.channels.alipay.merchant import AlipayMerchant
from reference_gateway.channels.alipay.signing import (
    PlatformKeys,
    decode_signature,
    open_envelope,
    request_text,
    sign,
)
from reference_gateway.channels.forms import written
from reference_gateway.clock import Clock
from reference_gateway.errors import ChannelOutcomeUnknown, SignatureRejected

BEIJING = timezone(timedelta(hours=8))
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}


def compact(business: Mapping[str, Any]) -> str:
    """Write business fields once; what is signed is what is sent."""
    return orjson.dumps(business).decode()


class SignedParams:
    """Makes the signed parameters of a call, or of a link that somebody else will open."""

    def __init__(self, merchant: AlipayMerchant, clock: Clock) -> None:
        self._merchant = merchant
        self._clock = clock

    def __call__(self, method: str, business: Mapping[str, Any], **extra: str) -> dict[str, str]:
        """Return every parameter, `biz_content` and `sign` among them; empty extras are left out."""
        merchant = self._merchant
        params = {
            "app_id": merchant.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": self._clock.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "version": "1.0",
            **{name: value for name, value in extra.items() if value},
        }
        if merchant.certificates is not None:
            params["app_cert_sn"] = merchant.certificates.app_cert_sn
            params["alipay_root_cert_sn"] = merchant.certificates.root_cert_sn
        content = compact(business)
        if merchant.cipher is not None:
            params["encrypt_type"] = "AES"
            content = merchant.cipher.encrypt(content)
        params["biz_content"] = content
        params["sign"] = sign(request_text(params), merchant.private_key)
        return params

    def query(self, method: str, business: Mapping[str, Any], **extra: str) -> str:
        """
        Write them as a query, for a browser's address or a phone's order string.

        Facts: alipay/page-pays
        """
        return urlencode(self(method, business, **extra), quote_via=quote)


class V2Caller:
    """Makes calls over `/gateway.do`."""

    def __init__(self, merchant: AlipayMerchant, *, params: SignedParams, http: AlipayHttp, keys: PlatformKeys) -> None:
        self._merchant = merchant
        self._params = params
        self._http = http
        self._keys = keys

    async def __call__(self, method: str, business: Mapping[str, Any], *, notify_url: str = "") -> Answer:
        """Make one signed call and return the inner object, verified."""
        params = self._params(method, business, notify_url=notify_url)
        content = params.pop("biz_content")
        url = URL(f"{self._merchant.gateway_url}?{written(params)}", encoded=True)
        reply = await self._http.send("POST", url, body=written({"biz_content": content}).encode(), headers=_FORM)
        if reply.status != 200:
            raise ChannelOutcomeUnknown(f"the channel answered HTTP {reply.status}")
        return self._verified(method, reply.body)

    def _verified(self, method: str, body: bytes) -> Answer:
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
            self._keys.verify(envelope.raw.encode(), decode_signature(envelope.sign), envelope.cert_sn)
        except SignatureRejected as error:
            raise ChannelOutcomeUnknown(f"the answer is not believed: {error.detail}") from error
        return v2_answer(self._opened(envelope.content))

    def _opened(self, content: Mapping[str, Any] | str) -> Mapping[str, Any]:
        """
        Decrypt what came as text.

        Facts: alipay/aes
        """
        if not isinstance(content, str):
            return content
        if self._merchant.cipher is None:
            raise ChannelOutcomeUnknown("the answer is encrypted, and no key is configured")
        return read_encrypted(self._merchant.cipher.decrypt, content)


def read_encrypted(decrypt: Any, text: str) -> Mapping[str, Any]:
    """Decrypt an answer and read the object in it."""
    try:
        fields = json.loads(decrypt(text))
    except (ValueError, RecursionError) as error:
        raise ChannelOutcomeUnknown("the answer cannot be decrypted") from error
    if not isinstance(fields, dict):
        raise ChannelOutcomeUnknown("the decrypted answer is not an object")
    return fields
