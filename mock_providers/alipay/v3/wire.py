"""
Answers of OpenAPI v3 as bytes: the fields bare, or an error's code and message; headers that sign exactly these bytes.

Knows no method and no trade.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from mock_providers.alipay.signing import sign
from mock_providers.alipay.v3.authorization import answer_text
from mock_providers.alipay.v3.errors import code_of, is_refusal, status_of
from mock_providers.alipay.wire import spelled
from mock_providers.core.plans import Seal
from mock_providers.core.wire.reply import ProviderReply, WireReply

CONTENT_TYPE = "application/json;charset=UTF-8"
_HELP = "https://open.alipay.com/api/errCheck?source=openapi&traceId="


@dataclass(frozen=True, slots=True)
class Dress:
    """
    What an answer wears.

    Args:
        key: signs it.
        cert_sn: of the certificate whose key signs; "" in public-key mode.
        encrypt: makes ciphertext of a success; None sends it in clear, as errors always go.
        seal: whose signature it is; *key* must fit.
        sign_type: always the newer one, unless a fault wants it otherwise.
        stamp_at: by the stamp clock.
        stale_s: how far back the stamp lies.
        spelling: of the body, where it is not the usual one.
    """

    key: RSAPrivateKey
    stamp_at: datetime
    nonce: str
    trace_id: str
    cert_sn: str = ""
    encrypt: Callable[[bytes], str] | None = None
    seal: Seal = Seal.TRUE
    sign_type: str = "RSA2"
    stale_s: float = 0.0
    waiting_status: int = 200
    spelling: str = ""


def wire_reply(reply: ProviderReply, *, dress: Dress) -> WireReply:
    """
    Write the body once and sign exactly those bytes.

    Facts: alipay/v3-response, alipay/aes
    """
    refused = is_refusal(reply)
    content = _error(reply, dress.trace_id) if refused else dict(sorted(reply.fields.items()))
    body = spelled(content, dress.spelling).encode() if dress.spelling else orjson.dumps(content)
    if dress.encrypt is not None and not refused:
        body = dress.encrypt(body).encode("ascii")
    # Of ciphertext too: one SDK takes an answer of another type for an error.
    headers = [("Content-Type", CONTENT_TYPE), ("alipay-trace-id", dress.trace_id)]
    text: str | None = None
    if reply.signed:
        signed, text = _signature(body, dress)
        headers += signed
    status = status_of(reply, waiting_status=dress.waiting_status)
    return WireReply(status=status, headers=tuple(headers), body=body, string_to_sign=text)


def _error(reply: ProviderReply, trace_id: str) -> dict[str, object]:
    """`links` is a list, whatever the schema says."""
    links = [{"desc": "解决方案", "link": _HELP + trace_id}]
    return {"code": code_of(reply), "links": links, "message": reply.sub_msg}


def _signature(body: bytes, dress: Dress) -> tuple[list[tuple[str, str]], str]:
    at = dress.stamp_at - timedelta(seconds=dress.stale_s)
    timestamp = str(round(at.timestamp() * 1000))
    text = answer_text(timestamp, dress.nonce, body)
    # Over other bytes than the ones that are sent, or over the right ones.
    signed = text + b" " if dress.seal is Seal.DAMAGED else text
    headers = [("alipay-timestamp", timestamp), ("alipay-nonce", dress.nonce)]
    if dress.cert_sn:
        headers.append(("alipay-sn", dress.cert_sn))
    if dress.seal is not Seal.NONE:
        headers.append(("alipay-signature", sign(dress.key, signed, dress.sign_type)))
    return headers, text.decode("utf-8", "replace")
