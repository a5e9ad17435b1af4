"""
Alipay's codes: one constructor for each, code and texts together.

HTTP is always 200 here; what went wrong stands in the body.
"""

from collections.abc import Mapping
from dataclasses import replace
from html import escape

from mock_providers.core.reply import ProviderReply

_ZERO = "0.00"


def success(fields: Mapping[str, object]) -> ProviderReply:
    """
    The call was handled; whether money moved stands in the fields.

    Facts: alipay/gateway-codes
    """
    return ProviderReply("10000", "Success", fields=fields)


def _missing(sub_code: str, sub_msg: str, *, signed: bool = True) -> ProviderReply:
    return ProviderReply("40001", "Missing Required Arguments", sub_code, sub_msg, signed=signed)


def _invalid(sub_code: str, sub_msg: str, *, signed: bool = True) -> ProviderReply:
    return ProviderReply("40002", "Invalid Arguments", sub_code, sub_msg, signed=signed)


def unsigned(reply: ProviderReply) -> ProviderReply:
    """
    The same answer without a signature, for callers whose key is unknown.

    Facts: alipay/unsigned-errors
    """
    return replace(reply, signed=False)


# The gateway's own refusals. Facts: alipay/check-order, alipay/gateway-codes, alipay/unsigned-errors


def missing_method() -> ProviderReply:
    """No `method`."""
    return _missing("isv.missing-method", "缺少方法名参数")


def missing_app_id() -> ProviderReply:
    """No `app_id`; nobody's key is known, so the answer is unsigned."""
    return _missing("isv.missing-app-id", "缺少AppId参数", signed=False)


def missing_signature() -> ProviderReply:
    """No `sign`."""
    return _missing("isv.missing-signature", "缺少签名参数")


def missing_signature_type() -> ProviderReply:
    """No `sign_type`."""
    return _missing("isv.missing-signature-type", "缺少签名类型参数")


def missing_timestamp() -> ProviderReply:
    """No `timestamp`."""
    return _missing("isv.missing-timestamp", "缺少时间戳参数")


def missing_version() -> ProviderReply:
    """No `version`."""
    return _missing("isv.missing-version", "缺少版本参数")


def invalid_app_id() -> ProviderReply:
    """An application nobody knows; unsigned for the same reason."""
    return _invalid("isv.invalid-app-id", "无效的AppID参数", signed=False)


def invalid_method() -> ProviderReply:
    """A method that is not served here."""
    return _invalid("isv.invalid-method", "不存在的方法名")


def invalid_format() -> ProviderReply:
    """A `format` other than JSON."""
    return _invalid("isv.invalid-format", "无效的数据格式")


def invalid_charset() -> ProviderReply:
    """A `charset` that is missing or unknown."""
    return _invalid("isv.invalid-charset", "字符集错误")


def invalid_version() -> ProviderReply:
    """A `version` other than 1.0."""
    return _invalid("isv.invalid-parameter", "参数无效: version")


def invalid_parameters() -> ProviderReply:
    """Parameters that cannot be read at all."""
    return _invalid("isv.invalid-parameter", "参数无效")


def invalid_signature_type() -> ProviderReply:
    """A `sign_type` other than RSA2 and RSA."""
    return _invalid("isv.invalid-signature-type", "无效的签名类型")


def invalid_signature(gateway_text: str) -> ProviderReply:
    """
    A signature that does not verify; quotes the string that the gateway built, HTML-escaped.

    Facts: alipay/check-order
    """
    told = "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为："  # noqa: RUF001
    return _invalid("isv.invalid-signature", told + escape(gateway_text, quote=False))


def invalid_timestamp() -> ProviderReply:
    """A `timestamp` in another shape."""
    return _invalid("isv.invalid-timestamp", "非法的时间戳参数")


def invalid_encrypt_type() -> ProviderReply:
    """Encrypted content, which is not served here."""
    return _invalid("isv.invalid-encrypt-type", "无效的加密类型")


def illegal_json() -> ProviderReply:
    """A `biz_content` that is no JSON object."""
    return _invalid("isv.illegal-json", "JSON数据格式错误")


# Business refusals. Facts: alipay/business-codes


def _business(sub_code: str, sub_msg: str, fields: Mapping[str, object]) -> ProviderReply:
    return ProviderReply("40004", "Business Failed", sub_code, sub_msg, fields=fields)


def unpaid_fields(out_trade_no: str | None) -> dict[str, object]:
    """
    The zeros that failed payments and queries carry.

    Facts: alipay/amounts
    """
    zeros: dict[str, object] = {
        "buyer_pay_amount": _ZERO,
        "invoice_amount": _ZERO,
        "point_amount": _ZERO,
        "receipt_amount": _ZERO,
    }
    return zeros | ({"out_trade_no": out_trade_no} if out_trade_no else {})


def unrefunded_fields(out_trade_no: str | None) -> dict[str, object]:
    """
    The zeros that failed refunds carry.

    Facts: alipay/amounts
    """
    zeros: dict[str, object] = {"refund_fee": _ZERO, "send_back_fee": _ZERO}
    return zeros | ({"out_trade_no": out_trade_no} if out_trade_no else {})


def invalid_parameter(what: str, fields: Mapping[str, object]) -> ProviderReply:
    """A business field that is missing or makes no sense."""
    return _business("ACQ.INVALID_PARAMETER", f"参数无效: {what}", fields)


def trade_not_exist(fields: Mapping[str, object]) -> ProviderReply:
    """No such trade, which a QR code that nobody scanned is too."""
    return _business("ACQ.TRADE_NOT_EXIST", "交易不存在", fields)


def trade_has_success(fields: Mapping[str, object]) -> ProviderReply:
    """The order number is paid already."""
    return _business("ACQ.TRADE_HAS_SUCCESS", "交易已被支付", fields)


def trade_has_close(fields: Mapping[str, object]) -> ProviderReply:
    """The trade is closed; a new order number is needed."""
    return _business("ACQ.TRADE_HAS_CLOSE", "交易已经关闭", fields)


def trade_has_finished(fields: Mapping[str, object]) -> ProviderReply:
    """The time for refunds is over."""
    return _business("ACQ.TRADE_HAS_FINISHED", "交易已完结", fields)


def trade_status_error(fields: Mapping[str, object]) -> ProviderReply:
    """The trade is in no state for this call."""
    return _business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法", fields)


def context_inconsistent(fields: Mapping[str, object]) -> ProviderReply:
    """The same order number with other data."""
    return _business("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改", fields)


def total_fee_exceed(fields: Mapping[str, object]) -> ProviderReply:
    """An amount outside what a trade may have."""
    return _business("ACQ.TOTAL_FEE_EXCEED", "订单总金额不在允许范围内", fields)


def now_after_expiry(fields: Mapping[str, object]) -> ProviderReply:
    """A `time_expire` in the past."""
    return _business("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "当前时间已超过允许支付的时间", fields)


def merchant_code_refused(fields: Mapping[str, object]) -> ProviderReply:
    """The same QR code asked for again and again."""
    return _business("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", "申请二维码失败", fields)


def refund_too_large(fields: Mapping[str, object]) -> ProviderReply:
    """More than what is left; the text is the code's own."""
    return _business("ACQ.REASON_TRADE_REFUND_FEE_ERR", "REASON_TRADE_REFUND_FEE_ERR", fields)


def refund_not_total(fields: Mapping[str, object]) -> ProviderReply:
    """A part without a request number."""
    return _business("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额与订单金额不一致", fields)


def refund_repeated_differently(fields: Mapping[str, object]) -> ProviderReply:
    """A request number used again with another amount."""
    return _business("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求", fields)
