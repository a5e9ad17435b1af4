"""
`/sns/oauth2/access_token` and its neighbours: how a page learns the openid of the buyer in front of it.

Sandbox openids are hashes of the code, so every code is somebody, the same one each time.

Facts: wechatpay/v2-openid
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from urllib.parse import parse_qs, quote, urlsplit

import orjson

from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Call
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply
from mock_providers.wechatpay.desk import Desk

PREFIXES = ("/sns/", "/connect/oauth2/")
_TOKEN, _SESSION, _PAGE = "/sns/oauth2/access_token", "/sns/jscode2session", "/connect/oauth2/authorize"
_LIFE_S = 7200
_URL_SAFE = "%/:?&=#+,;@!$'()*[]~"


def openid_of(app_id: str, code: str) -> str:
    """28 characters, the first of them an o."""
    return "o" + hashlib.blake2b(f"{app_id}|{code}".encode("utf-8", "surrogatepass"), digest_size=14).hexdigest()[:27]


def visit(desk: Desk, request: RawRequest) -> Call:
    """
    One request to the open platform's side.

    Facts: wechatpay/v2-openid
    """
    path, parameters = _taken_apart(request.target)
    if path == _PAGE:
        reply = _to_the_page(parameters)
    elif path in {_TOKEN, _SESSION}:
        said = _problem(desk, parameters) or _identity(path, parameters)
        reply = WireReply(200, (("Content-Type", "text/plain"),), orjson.dumps(said))
    else:
        reply = WireReply(404, (("Content-Type", "text/plain"),), orjson.dumps(_error(40066, "invalid url")))
    return Call(
        api=path.strip("/").replace("/", "."),
        order="",
        label="",
        string_to_sign=None,
        signature_ok=None,
        perform=partial(_answer, reply),
        faultable=False,
        page=path == _PAGE,
    )


def _taken_apart(target: str) -> tuple[str, Mapping[str, str]]:
    try:
        parts = urlsplit(target)
        asked = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return "", {}
    return parts.path, {name: values[0] for name, values in asked.items()}


def _answer(reply: WireReply, shape: AnswerShape = PLAIN_SHAPE) -> WireReply:  # noqa: ARG001
    return reply


def _error(code: int, message: str) -> dict[str, object]:
    return {"errcode": code, "errmsg": message}


def _problem(desk: Desk, parameters: Mapping[str, str]) -> dict[str, object] | None:
    """
    Facts: wechatpay/v2-openid.
    """
    app_id = parameters.get("appid", "")
    merchant = next((one for one in desk.merchants.values() if one.app_id == app_id), None)
    if not app_id:
        return _error(41002, "appid missing")
    if merchant is None:
        return _error(40013, "invalid appid")
    if not parameters.get("secret"):
        return _error(41004, "appsecret missing")
    if parameters["secret"] != merchant.app_secret:
        return _error(40125, "invalid appsecret")
    code = parameters.get("code") or parameters.get("js_code", "")
    return None if code else _error(41008, "missing code")


def _identity(path: str, parameters: Mapping[str, str]) -> dict[str, object]:
    app_id = parameters["appid"]
    code = parameters.get("code") or parameters.get("js_code", "")
    openid = openid_of(app_id, code)
    drawn = hashlib.blake2b(f"session|{app_id}|{code}".encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()
    if path == _SESSION:
        return {"session_key": drawn[:24], "openid": openid}
    return {
        "access_token": drawn,
        "expires_in": _LIFE_S,
        "refresh_token": drawn[::-1],
        "openid": openid,
        "scope": "snsapi_base",
    }


def _to_the_page(parameters: Mapping[str, str]) -> WireReply:
    """A buyer who agrees at once; the code is as good as any."""
    back = parameters.get("redirect_uri", "")
    if not back.startswith(("http://", "https://")):
        return WireReply(400, (("Content-Type", "text/plain; charset=utf-8"),), "redirect_uri 参数错误".encode())
    code = hashlib.blake2b(f"code|{back}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    mark = "&" if "?" in back else "?"
    where = f"{quote(back, safe=_URL_SAFE)}{mark}code={code}&state={quote(parameters.get('state', ''), safe='')}"
    return WireReply(302, (("Location", where),), b"")
