"""
What browsers and phones fetch beside the gateway: bills, pages where somebody says yes to an application, and what the
phone hands to the merchant's app after a payment.
"""

from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlencode

import orjson

from mock_providers.alipay import codes
from mock_providers.alipay.bills import DOWNLOAD_PATH, download
from mock_providers.alipay.grants import Kind
from mock_providers.alipay.pages import phone_result, refusal_page
from mock_providers.alipay.reception import Reception
from mock_providers.alipay.wire import form_pairs, read_params, split_target
from mock_providers.core.plans import PLAIN_SHAPE, AnswerShape
from mock_providers.core.provider import Call
from mock_providers.core.wire.journal import RawRequest
from mock_providers.core.wire.reply import WireReply

USER_CONSENT_PATH = "/oauth2/publicAppAuthorize.htm"
APP_CONSENT_PATH = "/oauth2/appToAppAuth.htm"
PHONE_PATH = "/_alipay/phone/"

_Visit = Callable[[Reception, Mapping[str, str]], WireReply]


def owns(path: str) -> bool:
    """Whether something here answers *path*."""
    return path in _VISITS or path.startswith(PHONE_PATH)


def visit_of(reception: Reception, request: RawRequest) -> Call | None:
    """
    Understand such a request; None where it is none.

    Facts: alipay/bills, alipay/oauth, alipay/page-pays
    """
    path, query = split_target(request.target)
    if not owns(path):
        return None
    try:
        parts = read_params(form_pairs(query.encode("utf-8")), codec="utf-8")
    except ValueError:
        parts = {}
    if path.startswith(PHONE_PATH):
        answer = partial(_phone, reception, path.removeprefix(PHONE_PATH))
    else:
        answer = partial(_VISITS[path], reception, parts)
    return Call(
        api=path.rpartition("/")[2] if path in _VISITS else "phone",
        order="",
        label="",
        string_to_sign=None,
        signature_ok=None,
        perform=partial(_perform, answer),
        faultable=False,
        page=True,
    )


def _perform(answer: Callable[[], WireReply], shape: AnswerShape = PLAIN_SHAPE) -> WireReply:
    del shape  # nobody's program waits for this
    return answer()


def _bill(reception: Reception, parts: Mapping[str, str]) -> WireReply:
    return download(reception.office, parts)


def _user_consents(reception: Reception, parts: Mapping[str, str]) -> WireReply:
    """
    A buyer lets an application know who they are; every buyer here says yes at once.

    Facts: alipay/oauth
    """
    return _consent(reception, parts, kind="user", code_name="auth_code")


def _merchant_consents(reception: Reception, parts: Mapping[str, str]) -> WireReply:
    """
    A merchant lets a service provider act for it; every merchant here says yes at once.

    Facts: alipay/oauth
    """
    return _consent(reception, parts, kind="app", code_name="app_auth_code")


def _consent(reception: Reception, parts: Mapping[str, str], *, kind: Kind, code_name: str) -> WireReply:
    office, app = reception.office, reception.apps.get(parts.get("app_id", ""))
    back = parts.get("redirect_uri", "")
    if app is None:
        return refusal_page(codes.gateway("isv.invalid-app-id"))
    if not back.startswith(("http://", "https://")) or "\r" in back or "\n" in back:
        return refusal_page(codes.gateway("isv.invalid-parameter", about="redirect_uri"))
    owner = app.seller_id if kind == "app" else f"2088{office.ids.digits(12, 'consent', app.app_id)}"
    told = {"app_id": app.app_id, "source": "alipay_wallet", "scope": parts.get("scope", "auth_base")}
    if kind == "app":
        told = {"app_id": app.app_id}
    told[code_name] = office.grants.code(kind, app_id=app.app_id, owner=owner, now=office.now())
    told |= {name: parts[name] for name in ("state",) if parts.get(name)}
    joint = "&" if "?" in back else "?"
    return WireReply(302, (("Location", f"{back}{joint}{urlencode(told)}"),), b"")


def _phone(reception: Reception, token: str) -> WireReply:
    """What the phone's SDK hands to the merchant's app, as JSON."""
    office = reception.office
    trade = office.book.by_token(token, now=office.now())
    if trade is None or trade.opening.product != "app":
        return refusal_page(codes.business("ACQ.TRADE_NOT_EXIST"))
    body = orjson.dumps(phone_result(office, trade))
    return WireReply(200, (("Content-Type", "application/json;charset=utf-8"),), body)


_VISITS: Mapping[str, _Visit] = {
    DOWNLOAD_PATH: _bill,
    USER_CONSENT_PATH: _user_consents,
    APP_CONSENT_PATH: _merchant_consents,
}
