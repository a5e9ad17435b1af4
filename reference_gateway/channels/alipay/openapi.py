"""
Calls over OpenAPI v3: the Authorization header, the paths, and answers believed only when their signature fits.

An error is believed like a success: by its signature. One without is an unknown outcome, as it may be anybody's.

Facts: alipay/v3-request, alipay/v3-response, alipay/v3-paths
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from yarl import URL

from reference_gateway.channels.alipay.answers import Answer, v3_answer
from reference_gateway.channels.alipay.gateway import compact, read_encrypted
from reference_gateway.channels.alipay.http import AlipayHttp, HttpReply
from reference_gateway.channels.alipay.merchant import AlipayMerchant
from reference_gateway.channels.alipay.signing import PlatformKeys, decode_signature, sign
from reference_gateway.clock import Clock
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable, SignatureRejected
from reference_gateway.ids import Ids

SCHEME = "ALIPAY-SHA256withRSA"
ASKED_BY_GET = frozenset({"alipay.data.dataservice.bill.downloadurl.query", "alipay.fund.trans.common.query"})


def path_of(method: str) -> str:
    """Return the path of a v2 method."""
    return f"/v3/{method.replace('.', '/')}"


def authorization_text(auth: str, *, http_method: str, target: str, body: str, app_auth_token: str = "") -> str:
    """
    Build the string to sign: five lines at most, each with its line feed.

    Args:
        auth: the header's own text between the scheme and `,sign=`.
        target: path and query exactly as on the wire.
    """
    lines = [auth, http_method, target, body, *([app_auth_token] if app_auth_token else [])]
    return "".join(f"{line}\n" for line in lines)


def answer_text(timestamp: str, nonce: str, body: bytes) -> bytes:
    """Build the string that an answer's signature covers."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


class V3Caller:
    """Makes calls over `/v3/…`, given v2's method names."""

    def __init__(
        self, merchant: AlipayMerchant, *, clock: Clock, ids: Ids, http: AlipayHttp, keys: PlatformKeys
    ) -> None:
        self._merchant = merchant
        self._clock = clock
        self._ids = ids
        self._http = http
        self._keys = keys

    async def __call__(self, method: str, business: Mapping[str, Any], *, notify_url: str = "") -> Answer:
        """Make one signed call and return its fields, verified."""
        target, body = path_of(method), ""
        if method in ASKED_BY_GET:
            target += "?" + urlencode(business, quote_via=quote)
        else:
            body = compact({**business, "notify_url": notify_url} if notify_url else business)
        http_method = "GET" if method in ASKED_BY_GET else "POST"
        headers, sent = self._sealed(http_method, target, body)
        url = URL(f"{self._merchant.v3_url}{target}", encoded=True)
        reply = await self._http.send(http_method, url, body=sent.encode() if sent else None, headers=headers)
        return self._read(reply)

    def _sealed(self, http_method: str, target: str, body: str) -> tuple[dict[str, str], str]:
        merchant = self._merchant
        headers = {"accept": "application/json", "alipay-request-id": self._ids.new("")}
        if body:
            headers["content-type"] = "application/json"
        if body and merchant.cipher is not None:
            body = merchant.cipher.encrypt(body)
            headers |= {
                "content-type": "text/plain",
                "alipay-encrypt-type": "AES",
                "alipay-encryption-algm": "AES",
            }
        parts = [f"app_id={merchant.app_id}"]
        if merchant.certificates is not None:
            parts.append(f"app_cert_sn={merchant.certificates.app_cert_sn}")
            headers["alipay-root-cert-sn"] = merchant.certificates.root_cert_sn
        stamp_ms = int(self._clock.now().timestamp() * 1000)
        parts += [f"nonce={self._ids.new('n')}", f"timestamp={stamp_ms}"]
        auth = ",".join(parts)
        text = authorization_text(auth, http_method=http_method, target=target, body=body)
        headers["authorization"] = f"{SCHEME} {auth},sign={sign(text, merchant.private_key)}"
        return headers, body

    def _read(self, reply: HttpReply) -> Answer:
        if reply.status == 429 and "alipay-signature" not in reply.headers:
            raise ChannelUnavailable("the channel limits calls", code="rate_limited")
        self._verify(reply)
        if reply.status == 204 or not reply.body:
            return v3_answer(reply.status, {})
        return v3_answer(reply.status, self._fields(reply))

    def _verify(self, reply: HttpReply) -> None:
        headers = reply.headers
        if "alipay-signature" not in headers:
            raise ChannelOutcomeUnknown(f"the answer, HTTP {reply.status}, is not signed")
        text = answer_text(headers.get("alipay-timestamp", ""), headers.get("alipay-nonce", ""), reply.body)
        try:
            self._keys.verify(text, decode_signature(headers["alipay-signature"]), headers.get("alipay-sn", ""))
        except SignatureRejected as error:
            raise ChannelOutcomeUnknown(f"the answer is not believed: {error.detail}") from error

    def _fields(self, reply: HttpReply) -> Mapping[str, Any]:
        try:
            text = reply.body.decode()
            if self._merchant.cipher is not None and reply.status < 400 and not text.lstrip().startswith("{"):
                return read_encrypted(self._merchant.cipher.decrypt, text.strip())
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ChannelOutcomeUnknown("the answer is not JSON") from error
        if not isinstance(fields, dict):
            raise ChannelOutcomeUnknown("the answer is not an object")
        return fields
