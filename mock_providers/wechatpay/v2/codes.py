"""
The legacy API's codes as data: one name for each, code and text together; HTTP is 200 whatever went wrong.

Two kinds: what fails before anybody knows who is speaking has a text alone and no signature; a refusal in business has
a code, a text, and the caller's signature.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Failure:
    """
    A failure of communication: `return_code` FAIL, and nothing else but its text.

    Facts: wechatpay/v2-levels
    """

    return_msg: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    A refusal in business: `result_code` FAIL.

    Args:
        recall: whether to call again, where an API says so.

    Facts: wechatpay/v2-levels, wechatpay/v2-reverse
    """

    err_code: str
    err_code_des: str
    recall: str = ""


# Before anybody is known. Facts: wechatpay/v2-check-order
REQUIRE_POST_METHOD = Failure("请使用post方法")
POST_DATA_EMPTY = Failure("post数据为空")
XML_FORMAT_ERROR = Failure("XML格式错误")
NOT_UTF8 = Failure("编码格式错误")
MCH_ID_MALFORMED = Failure("mch_id参数格式错误")
MCH_ID_UNKNOWN = Failure("商户号mch_id或sub_mch_id不存在")
SIGN_TYPE_UNKNOWN = Failure("sign_type参数格式错误")
SIGN_ERROR = Failure("签名错误")
NO_SUCH_PATH = Failure("请求的接口不存在")
CERTIFICATE_MISSING = Failure("证书验证失败,请使用商户API证书")
CERTIFICATE_FOREIGN = Failure("certificate not match")
FREQUENCY_LIMITED_EARLY = Failure("请求频率过高,请稍后再试")


def sandbox_amount(total_fee: str) -> Failure:
    """
    An amount that is no acceptance case.

    Facts: wechatpay/v2-acceptance
    """
    return Failure(f"沙箱支付金额({total_fee})无效，请检查需要验收的case")  # noqa: RUF001


def malformed(name: str) -> Failure:
    """
    A field whose shape is wrong.

    Facts: wechatpay/v2-field-rules
    """
    return Failure(f"{name}参数格式错误")


def missing(name: str) -> Failure:
    """
    A field that is not there.

    Facts: wechatpay/v2-field-rules
    """
    return Failure(f"缺少参数{name}")


# Business. Facts: wechatpay/v2-unifiedorder, wechatpay/v2-refund, wechatpay/v2-micropay, wechatpay/v2-reverse
HMAC_ONLY = Refusal("SIGNERROR", "签名类型只支持HMAC-SHA256")
SYSTEMERROR = Refusal("SYSTEMERROR", "系统错误")
FREQUENCY_LIMITED = Refusal("FREQUENCY_LIMITED", "频率限制")
APPID_NOT_EXIST = Refusal("APPID_NOT_EXIST", "appid不存在")
APPID_MCHID_NOT_MATCH = Refusal("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
ORDERPAID = Refusal("ORDERPAID", "该订单已支付")
ORDERCLOSED = Refusal("ORDERCLOSED", "该订单已关闭")
ORDERREVERSED = Refusal("ORDERREVERSED", "该订单已撤销")
ORDERNOTEXIST = Refusal("ORDERNOTEXIST", "order not exist")
OUT_TRADE_NO_USED = Refusal("OUT_TRADE_NO_USED", "商户订单号重复")
REPEATED_DIFFERENTLY = Refusal("INVALID_REQUEST", "201 商户订单号重复")
OPENID_MISSING = Refusal("LACK_PARAMS", "JSAPI支付必须传openid")
TIMES_REVERSED = Refusal("INVALID_REQUEST", "time_expire必须晚于time_start")
USERPAYING = Refusal("USERPAYING", "需要用户输入支付密码")
PASSWORD_NOT_GIVEN = Refusal("TRADE_ERROR", "用户没有输入支付密码")
PAYING_NOW = Refusal("USERPAYING", "正在支付中不能发起撤销", recall="Y")
NOTENOUGH = Refusal("NOTENOUGH", "余额不足")
BANKERROR = Refusal("BANKERROR", "银行系统异常")
AUTHCODEEXPIRE = Refusal("AUTHCODEEXPIRE", "二维码已过期,请用户在微信上刷新后再试")
AUTH_CODE_ERROR = Refusal("AUTH_CODE_ERROR", "付款码参数错误")
AUTH_CODE_INVALID = Refusal("AUTH_CODE_INVALID", "请扫描微信支付被扫条码/二维码")
NOTSUPORTCARD = Refusal("NOTSUPORTCARD", "不支持卡类型")
BUYER_MISMATCH = Refusal("BUYER_MISMATCH", "支付帐号错误")
PAY_FAILED = Refusal("TRADE_ERROR", "支付失败,请撤销订单")
NOT_BARCODE = Refusal("TRADE_ERROR", "非付款码支付的订单不能撤销", recall="N")
REFUNDED_BEFORE = Refusal("TRADE_ERROR", "订单已有退款,不能撤销", recall="N")
REVERSE_EXPIRE = Refusal("REVERSE_EXPIRE", "订单超过7天,无法撤销", recall="N")
ORDER_PAYING = Refusal("USERPAYING", "用户支付中")
REFUNDNOTEXIST = Refusal("REFUNDNOTEXIST", "not exist")
REFUND_FEE_MISMATCH = Refusal("REFUND_FEE_MISMATCH", "订单金额或退款金额与之前请求不一致,请核实后再试")
TOTAL_MISMATCH = Refusal("INVALID_REQUEST", "订单金额不一致,请检查后再试")
REFUND_TOO_LARGE = Refusal("ERROR", "退款金额大于可退金额")
FULLY_REFUNDED = Refusal("ERROR", "订单已全额退款")
ORDER_NOT_PAID = Refusal("ERROR", "此交易订单号未支付")
REFUNDS_TOO_MANY = Refusal("ERROR", "一笔订单最多50次部分退款")
TRADE_OVERDUE = Refusal("TRADE_OVERDUE", "订单已经超过退款期限")
BIZERR_NEED_RETRY = Refusal("BIZERR_NEED_RETRY", "退款业务流程错误,需要商户触发重试来解决")
OFFSET_TOO_LARGE = Refusal("PARAM_ERROR", "offset超过退款总笔数")
TRANSACTION_UNKNOWN = Refusal("INVALID_TRANSACTIONID", "无效的transaction_id")
# Red packets and transfers. Facts: wechatpay/v2-redpack, wechatpay/v2-transfers
HB_NOT_FOUND = Refusal("NOT_FOUND", "指定单号数据不存在")
HB_REPEATED_DIFFERENTLY = Refusal("FATAL_ERROR", "openid和原始单参数不一致")
HB_MONEY_LIMIT = Refusal("MONEY_LIMIT", "红包金额发放限制")
HB_SCENE = Refusal("SECOND_OVER_LIMITED", "红包金额大于200元或小于1元时,scene_id必传")
HB_TOTAL_NUM = Refusal("PARAM_ERROR", "total_num参数错误")
TRANSFER_NOT_FOUND = Refusal("NOT_FOUND", "指定单号数据不存在")
TRANSFER_REPEATED_DIFFERENTLY = Refusal("FATAL_ERROR", "两次请求参数不一致")
TRANSFER_AMOUNT = Refusal("AMOUNT_LIMIT", "付款金额不能小于最低限额")
TRANSFER_NAME = Refusal("NAME_MISMATCH", "姓名校验出错")


def _by_code() -> Mapping[str, Refusal]:
    """The first text of each code."""
    table: dict[str, Refusal] = {}
    for one in tuple(globals().values()):
        if isinstance(one, Refusal):
            table.setdefault(one.err_code, one)
    return MappingProxyType(table)


BY_CODE: Mapping[str, Refusal] = _by_code()


def refusal_named(err_code: str) -> Refusal:
    """The refusal of that code; one that is not known here brings its code as its text."""
    return BY_CODE.get(err_code) or Refusal(err_code, err_code)
