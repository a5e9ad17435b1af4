"""
Mutated requests to Alipay's OpenAPI v3, by number: half of them mutated before they are signed, half after.

The wire only; what is asked and how money is judged is the same for both ways in.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from mock_providers.alipay.methods import METHODS
from mock_providers.alipay.v3.paths import PATHS, path_of
from mock_providers.core.provider import Call
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from tests.unit.mock_providers.alipay_desk import Desk
from tests.unit.mock_providers.alipay_mutations import ODD_BYTES, ODD_TEXTS, mutated, own_fields
from tests.unit.mock_providers.alipay_world import POOL, Asked
from tests.unit.mock_providers.draws import Draw
from tests.unit.mock_providers.v3_merchant import JSON_TYPE, Request, V3Merchant

STATUSES = {200, 400, 401, 403, 404, 429, 500}
ODD_BODIES = ("", "[]", "{", '"x"', "NaN", "{}", "[" * 500, '{"a":1e9999}', '{"subject":"\\ud800"}')
ODD_HEADERS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("content-type", "text/xml"),),
    (("alipay-encrypt-type", "AES"),),
    (("alipay-encrypt-type", "ROT13"),),
    (("content-type", "\xff"),),
    (JSON_TYPE, ("alipay-root-cert-sn", "0")),
)
AUTH_NAMES = ("app_id", "nonce", "timestamp", "app_cert_sn", "expired_seconds", "x")


class Bodies:
    """
    OpenAPI v3: JSON under paths, with a status that fits.
    """

    # Payments that a browser brings have no path there.
    pool = tuple(one for one in POOL if not METHODS[one.method].page)

    def before_signing(self, desk: Desk, draw: Draw, asked: Asked) -> RawRequest:
        fields = _fields(desk, asked)
        wanted = _request(asked, mutated(fields, draw, times=1 + draw.below(2)))
        if draw.below(8) == 0:
            wanted = _around(wanted, draw)
        return replace(wanted, signs=_without_surrogates).sent(V3Merchant(desk.merchant.directory))

    def after_signing(self, desk: Desk, draw: Draw, asked: Asked) -> RawRequest:
        sent = _request(asked, _fields(desk, asked)).sent(V3Merchant(desk.merchant.directory))
        for _ in range(1 + draw.below(2)):
            sent = _damaged(sent, draw)
        return sent

    def said(self, desk: Desk, call: Call, reply: WireReply) -> str:
        del call  # the answer says it all
        merchant, headers = V3Merchant(desk.merchant.directory), dict(reply.headers)
        told = json.loads(reply.body) if reply.body.startswith(b"{") else merchant.decrypted(reply.body)
        assert isinstance(told, dict)
        if "error_response" in told:  # a path that is no longer v3's is gateway v2's to refuse
            return str(told["error_response"]["sub_code"])
        assert reply.status in STATUSES
        assert (reply.status >= 400) == ("code" in told and "message" in told)
        if "alipay-signature" in headers:
            merchant.verify(reply)
        return str(told.get("code", ""))


def _fields(desk: Desk, asked: Asked) -> dict[str, Any]:
    return {**own_fields(desk, asked), **asked.common}


def _request(asked: Asked, fields: Mapping[str, Any]) -> Request:
    path = path_of(asked.method)
    verb = PATHS[path][0]
    if verb == "POST":
        return Request(path=path, body=dict(fields))
    query = urlencode({name: str(value) for name, value in fields.items()}, errors="replace")
    return Request(path=f"{path}?{query}", method=verb, body=None)


def _around(wanted: Request, draw: Draw) -> Request:
    """
    Strange ideas about everything but the fields.
    """
    kind = draw.below(5)
    if kind == 0:
        text = draw.one([None, *ODD_TEXTS])
        return replace(wanted, auth={draw.one(AUTH_NAMES): text and text.replace("\r\n", "")})
    if kind == 1:
        return replace(wanted, headers=draw.one(ODD_HEADERS))
    if kind == 2:
        return replace(wanted, method=draw.one(["GET", "POST", "PUT"]))
    if kind == 3:
        return replace(wanted, body=draw.one(ODD_BODIES))
    return replace(wanted, path=draw.one([*sorted(PATHS), "/v3/alipay/trade/%00", "/v3/"]))


def _without_surrogates(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _damaged(sent: RawRequest, draw: Draw) -> RawRequest:
    """
    A change on the way, outside or inside of what was signed.
    """
    kind, raw = draw.below(6), draw.one(ODD_BYTES)
    if kind == 0:
        place = draw.below(len(sent.body) + 1)
        return replace(sent, body=sent.body[:place] + raw + sent.body[place + draw.below(3) :])
    text = raw.decode("latin-1").replace("\r", "").replace("\n", "").replace("#", "")
    if kind == 1:
        place = 1 + draw.below(len(sent.target) - 1)
        return replace(sent, target=sent.target[:place] + text + sent.target[place:])
    if kind == 2:
        return replace(sent, method=draw.one(["GET", "PUT", "get"]))
    if kind == 3:
        named = draw.one([("User-Agent", "x" * 9000), ("alipay-request-id", "é"), ("Accept", "")])
        return replace(sent, headers=(*sent.headers, named))
    if kind == 4:
        return replace(
            sent, target=f"http://openapi.alipay.com{sent.target}" if sent.target.startswith("/") else "/v3/"
        )
    headers = tuple(
        (name, _cut(value, draw, text) if name == "Authorization" else value) for name, value in sent.headers
    )
    return replace(sent, headers=headers)


def _cut(value: str, draw: Draw, text: str) -> str:
    place = draw.below(len(value) + 1)
    return value[:place] + text + value[place + draw.below(3) :]
