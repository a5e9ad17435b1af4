"""
The platform's certificates, encrypted for the merchant, and the self-test of signatures and encryption.
"""

from datetime import datetime
from functools import partial

from mock_providers.wechatpay.desk import ASKED_SERIAL, Desk
from mock_providers.wechatpay.merchants import Pair
from mock_providers.wechatpay.times import rfc3339
from mock_providers.wechatpay.v3 import answers, cases, notify, secrets
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.fields import NOTIFY_URL, Rules, Text
from mock_providers.wechatpay.v3.orders import Enter
from mock_providers.wechatpay.v3.signing import encrypt_field, encrypt_resource
from mock_providers.wechatpay.v3.visit import Api, Clues, Visit

_ASSOCIATED = "certificate"
_ECHO_RULES = Rules(
    Text(("echo_message",), "回显信息", 1, 1024, required=True),
    Text(("encrypted_echo_message",), "加密回显信息", 0, 2048),
    Text(("notify_url",), "通知地址", 0, 255, NOTIFY_URL),
)


def listed(desk: Desk, visit: Visit) -> Answer:
    """
    Facts: wechatpay/certificates, wechatpay/rotation, wechatpay/public-key-mode.
    """
    refusal = cases.refusal(visit.case, "certificates")
    if refusal is not None:
        return refusal
    pairs = desk.keys.listed
    if not pairs:
        message = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥"  # noqa: RUF001
        return answers.refused("RESOURCE_NOT_EXISTS", message)
    return answers.ok({"data": [_entry(desk, visit, pair) for pair in pairs]})


def _entry(desk: Desk, visit: Visit, pair: Pair) -> dict[str, object]:
    assert pair.starts_at is not None
    assert pair.ends_at is not None
    nonce = desk.world.ids.letters(12, "certificate", pair.serial)
    return {
        "serial_no": pair.serial,
        "effective_time": rfc3339(pair.starts_at),
        "expire_time": rfc3339(pair.ends_at),
        "encrypt_certificate": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": nonce,
            "associated_data": _ASSOCIATED,
            "ciphertext": encrypt_resource(
                visit.merchant.api_v3_key, pair.pem, nonce=nonce, associated_data=_ASSOCIATED
            ),
        },
    }


def echo(desk: Desk, visit: Visit) -> Answer:
    """
    Say back what was said, signed and encrypted, and tell it to the notify address.

    Facts: wechatpay/echo
    """
    _ECHO_RULES.check(visit.body)
    if not visit.serial:
        return answers.refused("PARAM_ERROR", "Http头缺少平台证书序列号Wechatpay-Serial")
    plain = secrets.opened(desk.keys, visit, visit.body.get("encrypted_echo_message"), "encrypted_echo_message")
    if desk.keys.by_serial(visit.serial) is None:
        return answers.refused("PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
    said: dict[str, object] = {"echo_message": visit.body["echo_message"]}
    if plain:
        said["encrypted_echo_message"] = encrypt_field(visit.merchant.certificate, plain)
    url = visit.body.get("notify_url")
    if url:
        _tell(desk, visit, said, url=url, now=visit.now)
    return answers.ok(said)


def _tell(desk: Desk, visit: Visit, said: dict[str, object], *, url: str, now: datetime) -> None:
    notice = notify.plain_notice(
        desk,
        {"mchid": visit.merchant.mchid, **said, "create_time": rfc3339(now)},
        order=(visit.merchant.mchid, "", ""),
        event="echo",
        url=url,
        about=visit.body["echo_message"],
        context={
            ASKED_SERIAL: visit.serial,
            "event_type": "SECURITY_ECHO.SUCCESS",
            "original_type": "security",
            "summary": "回显成功",
        },
    )
    desk.world.notices.publish(notice)


def _no_order(clues: Clues) -> str:  # noqa: ARG001  keys are about no order
    return ""


def enter(add: Enter, desk: Desk) -> None:
    """
    The APIs of this module.

    Facts: wechatpay/api-list
    """
    add("GET", "/v3/certificates", Api("v3.certificates", partial(listed, desk), _no_order))
    add("POST", "/v3/security/echo", Api("v3.security.echo", partial(echo, desk), _no_order, has_body=True))
