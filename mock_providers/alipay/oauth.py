"""
Consent and certificates: tokens of buyers and of merchants, and the platform's certificates by their SN.

Codes come from the authorisation pages, where a buyer or a merchant says yes; see `visits.py`.
"""

from base64 import b64encode
from datetime import timedelta

from mock_providers.alipay import codes
from mock_providers.alipay.business import Unreadable, text_field
from mock_providers.alipay.certificates import pem_of
from mock_providers.alipay.grants import Kind, Token
from mock_providers.alipay.times import text_of
from mock_providers.alipay.work import Office, Work
from mock_providers.core.wire.reply import ProviderReply

# A buyer's token lives two weeks, a merchant's a year; their refresh tokens live longer. See alipay/oauth.
_USER_LIFE_S, _USER_REFRESH_S = 1_296_000, 2_592_000
_APP_LIFE_S, _APP_REFRESH_S = 31_536_000, 32_140_800
# What a merchant grants a service provider here; nothing depends on it.
_GRANTED_METHODS = ("alipay.trade.pay", "alipay.trade.query", "alipay.trade.refund")


def user_token(office: Office, work: Work) -> ProviderReply:
    """
    A buyer's token for a code; the answer has no code and no message where it succeeds.

    Facts: alipay/oauth
    """
    token = _granted(office, work, "user", life_s=_USER_LIFE_S)
    if token is None:
        return codes.gateway("isv.code-invalid")
    fields: dict[str, object] = {
        "access_token": token.access,
        "alipay_user_id": token.owner,
        "auth_start": str(token.expires_at.date()),
        "expires_in": _USER_LIFE_S,
        "re_expires_in": _USER_REFRESH_S,
        "refresh_token": token.refresh,
        "user_id": token.owner,
    }
    return ProviderReply("", "", fields=fields)


def app_token(office: Office, work: Work) -> ProviderReply:
    """
    A merchant's token for the service provider whose application this is.

    Facts: alipay/oauth
    """
    token = _granted(office, work, "app", life_s=_APP_LIFE_S)
    if token is None:
        return codes.gateway("isv.code-invalid")
    told: dict[str, object] = {
        "app_auth_token": token.access,
        "app_refresh_token": token.refresh,
        "auth_app_id": work.app.app_id,
        "expires_in": _APP_LIFE_S,
        "re_expires_in": _APP_REFRESH_S,
        "user_id": token.owner,
    }
    return codes.success(told | {"tokens": [told]})


def app_token_query(office: Office, work: Work) -> ProviderReply:
    """
    What a merchant's token is good for, and until when.

    Facts: alipay/oauth
    """
    value = text_field(work.fields, "app_auth_token", max_chars=64)
    if value is None:
        raise Unreadable("app_auth_token")
    token = office.grants.token(value)
    if token is None or token.kind != "app":
        return codes.gateway("aop.invalid-app-auth-token")
    left_s = max(round((token.expires_at - work.now).total_seconds()), 0)
    return codes.success(
        {
            "auth_app_id": token.app_id,
            "auth_end": text_of(token.expires_at),
            "auth_methods": sorted(_GRANTED_METHODS),
            "auth_start": text_of(token.expires_at - timedelta(seconds=_APP_LIFE_S)),
            "expires_in": left_s,
            "is_by_app_auth": True,
            "status": "valid" if left_s else "invalid",
            "user_id": token.owner,
        }
    )


def _granted(office: Office, work: Work, kind: Kind, *, life_s: float) -> Token | None:
    grant_type = text_field(work.fields, "grant_type", max_chars=32)
    name = {"authorization_code": "code", "refresh_token": "refresh_token"}.get(grant_type or "")
    if name is None:
        raise Unreadable("grant_type")
    value = text_field(work.fields, name, max_chars=64)
    if value is None:
        raise Unreadable(name)
    exchange = office.grants.exchange if name == "code" else office.grants.refresh
    return exchange(kind, value, app_id=work.app.app_id, life_s=life_s, now=work.now)


def certificate(office: Office, work: Work) -> ProviderReply:
    """
    A certificate of the platform's by its SN, for those who hold an older one.

    Facts: alipay/cert-mode
    """
    number = text_field(work.fields, "alipay_cert_sn", max_chars=64)
    if number is None:
        raise Unreadable("alipay_cert_sn")
    found = office.keyring.by_sn.get(number)
    if found is None:
        return codes.gateway("isv.alipay-cert-not-exist")
    return codes.success({"alipay_cert_content": b64encode(pem_of(found).encode()).decode()})
