"""
What API v3 checks before it looks at business: headers, the Authorization, the clock, and the signature.

The order of the checks is itself observable, so it stands here as one list.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from mock_providers.core.records import record
from mock_providers.wechatpay.merchants import Merchant
from mock_providers.wechatpay.v3 import answers
from mock_providers.wechatpay.v3.answers import Answer
from mock_providers.wechatpay.v3.signing import request_message, verified
from mock_providers.wechatpay.v3.wire import Request

SCHEME = "WECHATPAY2-SHA256-RSA2048"
WINDOW_S = 300
_PAIR = re.compile(r'(\w+)="([^"]*)"', re.ASCII)
_KEYS = frozenset({"mchid", "nonce_str", "signature", "timestamp", "serial_no"})
_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SHOWN = 80


@record
class Credentials:
    """What stands in an Authorization header."""

    mchid: str
    nonce: str
    signature: str
    timestamp: str
    serial: str


@record
class Admission:
    """
    What the door found.

    Args:
        refusal: None lets the call in.
        signature_ok: None when the check was not reached.
    """

    refusal: Answer | None
    merchant: Merchant | None = None
    string_to_sign: str | None = None
    signature_ok: bool | None = None


def read_authorization(text: str) -> Credentials | None:
    """
    The five values, in any order; None where one is missing.

    Facts: wechatpay/authorization
    """
    scheme, _, rest = text.partition(" ")
    found = dict(_PAIR.findall(rest))
    if scheme != SCHEME or not found.keys() >= _KEYS:
        return None
    return Credentials(found["mchid"], found["nonce_str"], found["signature"], found["timestamp"], found["serial_no"])


class Door:
    """
    Args:
        either_pipe: a signature over the decoded form of `%7C` is taken as well.
    """

    def __init__(self, merchants: Mapping[str, Merchant], *, either_pipe: bool) -> None:
        self._merchants = merchants
        self._either_pipe = either_pipe

    def admit(self, request: Request, *, now: datetime, payment: bool) -> Admission:
        """
        Check everything that is the same for all APIs, in the platform's order.

        Args:
            now: stamp time.
            payment: the path is one of `/v3/pay/transactions/…`, which is served by another house than the rest.

        Facts: wechatpay/check-order, wechatpay/sign-errors, wechatpay/request-headers
        """
        if not payment and not (request.header("user-agent") and request.header("accept")):
            return Admission(answers.missing_agent())
        said = read_authorization(request.header("authorization"))
        if said is None:
            return Admission(_ill_formed(request.header("authorization"), payment=payment))
        if not _STAMP.fullmatch(said.timestamp) or abs(now.timestamp() - int(said.timestamp)) > WINDOW_S:
            message = "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"
            return Admission(answers.sign_error(message, payment=payment))
        return self._who(request, said, payment=payment)

    def _who(self, request: Request, said: Credentials, *, payment: bool) -> Admission:
        """A merchant, its certificate, its signature."""
        signed = request_message(request.method, request.target, said.timestamp, said.nonce, request.body)
        text = signed.decode("utf-8", "replace")
        merchant = self._merchants.get(said.mchid)
        if merchant is not None and said.serial.upper() == merchant.serial:
            if self._genuine(merchant, request, said, signed):
                return Admission(None, merchant, text, signature_ok=True)
            return Admission(_mismatch(request, text, payment=payment), merchant, text, signature_ok=False)
        message = "签名错误" if merchant is None else "商户证书序列号有误。请使用签名私钥匹配的证书序列号"
        return Admission(answers.sign_error(message, payment=payment), None, text, signature_ok=False)

    def _genuine(self, merchant: Merchant, request: Request, said: Credentials, signed: bytes) -> bool:
        """
        Facts: wechatpay/pipe.
        """
        if verified(merchant.public_key, signed, said.signature):
            return True
        if not self._either_pipe or "%7C" not in request.target.upper():
            return False
        decoded = request_message(request.method, unquote(request.target), said.timestamp, said.nonce, request.body)
        return verified(merchant.public_key, decoded, said.signature)


def _ill_formed(authorization: str, *, payment: bool) -> Answer:
    """
    Facts: wechatpay/sign-errors.
    """
    if payment:
        return answers.sign_error("签名信息错误，验签失败", payment=True)  # noqa: RUF001
    scheme = authorization.partition(" ")[0]
    if authorization and scheme != SCHEME:
        return answers.sign_error("HTTP头Authorization认证类型不正确", payment=False)
    message = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"  # noqa: RUF001
    return answers.sign_error(message, payment=False)


def _mismatch(request: Request, text: str, *, payment: bool) -> Answer:
    """
    Facts: wechatpay/sign-errors.
    """
    detail = {
        "detail": {"issue": "sign not match"},
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": request.method,
            "url": request.target,
            "sign_message_length": len(text.encode("utf-8", "replace")),
            "truncated_sign_message": text[:_SHOWN].encode("utf-8", "replace").decode(),
        },
    }
    return answers.sign_error("签名错误", payment=payment, detail=detail)
