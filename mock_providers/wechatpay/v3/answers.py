"""
API v3's answers: bodies with their HTTP status, and one constructor for each error code.

Facts: wechatpay/errors
"""

from collections.abc import Mapping

import orjson

from mock_providers.core.records import record

JSON = "application/json; charset=utf-8"


@record
class Answer:
    """
    One answer before it is signed.

    Args:
        signed: False for answers to callers whose signature was not good, and for files.
        request_id: False where the platform leaves even that out.
        bare: nothing but the status: unknown paths and wrong methods.
        code: the error's, "" for a success.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    signed: bool = True
    request_id: bool = True
    bare: bool = False
    code: str = ""


# The spelling of the pages of 2020 to 2022, where it was another one. Facts: wechatpay/error-spelling
OLD_SPELLING: Mapping[str, str] = {
    "ORDER_NOT_EXIST": "ORDERNOTEXIST",
    "SYSTEM_ERROR": "SYSTEMERROR",
    "USER_PAYING": "USERPAYING",
    "RULE_LIMIT": "RULELIMIT",
    "NOT_ENOUGH": "NOTENOUGH",
    "NO_AUTH": "NOAUTH",
    "BANK_ERROR": "BANKERROR",
    "ACCOUNT_ERROR": "ACCOUNTERROR",
}

# HTTP status and message of every code that a business refusal can have. Facts: wechatpay/errors
CODES: Mapping[str, tuple[int, str]] = {
    "ACCEPTED": (202, "已受理，请使用原参数重新请求"),  # noqa: RUF001
    "USER_PAYING": (202, "用户支付中，需要输入密码"),  # noqa: RUF001
    "PARAM_ERROR": (400, "参数错误"),
    "INVALID_REQUEST": (400, "无效请求"),
    "APPID_MCHID_NOT_MATCH": (400, "appid和mch_id不匹配"),
    "MCH_NOT_EXISTS": (400, "商户号不存在"),
    "ORDER_CLOSED": (400, "订单已关闭"),
    "ORDERPAID": (400, "该订单已支付"),
    "NO_STATEMENT_EXIST": (400, "账单文件不存在"),
    "STATEMENT_CREATING": (400, "账单生成中"),
    "REFUND_FEE_MISMATCH": (400, "退款金额与之前请求不一致"),
    "TRADE_OVERDUE": (400, "订单已超过可退款的最大期限"),
    "AUTH_CODE_EXPIRE": (400, "二维码已过期，请用户在微信上刷新后再试"),  # noqa: RUF001
    "AUTH_CODE_INVALID": (400, "请扫描微信支付被扫条码/二维码"),
    "ALREADY_EXISTS": (400, "商户单号已存在，请求参数与原单不一致"),  # noqa: RUF001
    "SIGN_ERROR": (401, "签名错误"),
    "NO_AUTH": (403, "商户无权限"),
    "OUT_TRADE_NO_USED": (403, "商户订单号重复"),
    "RULE_LIMIT": (403, "业务规则限制"),
    "TRADE_ERROR": (403, "交易错误"),
    "NOT_ENOUGH": (403, "余额不足"),
    "USER_ACCOUNT_ABNORMAL": (403, "退款请求失败"),
    "ACCOUNT_ERROR": (403, "账号异常"),
    "REQUEST_BLOCKED": (403, "请求受阻"),
    "ORDER_NOT_EXIST": (404, "订单不存在"),
    "RESOURCE_NOT_EXISTS": (404, "查询的资源不存在"),
    "NOT_FOUND": (404, "记录不存在"),
    "FREQUENCY_LIMITED": (429, "频率限制"),
    "SYSTEM_ERROR": (500, "系统异常，请稍后重试"),  # noqa: RUF001
    "BANK_ERROR": (500, "银行系统异常"),
    "OPENID_MISMATCH": (500, "openid和appid不匹配"),
    "INVALID_TRANSACTIONID": (500, "订单号非法"),
    "SERVICE_UNAVAILABLE": (503, "服务不可用，请稍后重试"),  # noqa: RUF001
}

# What faults call by a common name. Facts: wechatpay/errors
COMMON_NAMES: Mapping[str, str] = {
    "system_error": "SYSTEM_ERROR",
    "busy": "FREQUENCY_LIMITED",
    "in_process": "USER_PAYING",
}


def ok(fields: Mapping[str, object]) -> Answer:
    """200 with an object."""
    return Answer(200, orjson.dumps(fields))


def no_content() -> Answer:
    """
    204 without a body, signed over nothing.

    Facts: wechatpay/close
    """
    return Answer(204)


def refused(code: str, message: str = "", *, detail: object = None) -> Answer:
    """A business refusal; the status belongs to the code."""
    status, usual = CODES[code]
    body: dict[str, object] = {"code": code, "message": message or usual}
    if detail is not None:
        body["detail"] = detail
    return Answer(status, orjson.dumps(body), code=code)


def by_fault(name: str) -> Answer:
    """
    What a fault asks for, by a common name or by a code of the vendor's own.

    An unknown code is a refusal of the fault's own making, with the status of business refusals.
    """
    code = COMMON_NAMES.get(name, name)
    if code in CODES:
        return refused(code)
    return Answer(403, orjson.dumps({"code": code, "message": code}), code=code)


def respelt(answer: Answer) -> Answer:
    """The same refusal in the spelling of old pages."""
    old = OLD_SPELLING.get(answer.code)
    if old is None:
        return answer
    body = orjson.loads(answer.body) | {"code": old}
    return Answer(answer.status, orjson.dumps(body), code=old)


# Refusals at the door. Facts: wechatpay/unsigned-refusals, wechatpay/sign-errors


def no_such_path() -> Answer:
    """Nothing but the status."""
    return Answer(404, signed=False, bare=True)


def wrong_method() -> Answer:
    """Nothing but the status."""
    return Answer(405, signed=False, bare=True)


def missing_agent() -> Answer:
    """No Accept or no User-Agent, on the paths that look for them."""
    body = {"code": "INVALID_REQUEST", "message": "Http头缺少Accept或User-Agent"}
    return Answer(400, orjson.dumps(body), signed=False, code="INVALID_REQUEST")


def sign_error(message: str, *, payment: bool, detail: object = None) -> Answer:
    """
    401 without a signature; on payment paths without a Request-ID as well.
    """
    body: dict[str, object] = {"code": "SIGN_ERROR", "message": message}
    if detail is not None:
        body["detail"] = detail
    return Answer(401, orjson.dumps(body), signed=False, request_id=not payment, code="SIGN_ERROR")
