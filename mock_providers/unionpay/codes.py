"""
`respCode` and its texts: every code that UnionPay's documents name, and what each means for money.

A message is Chinese text with seven digits in brackets. Digits that were seen on the wire are those; the others are
made of the code, so that a person can tell them apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "00": "成功[0000000]",
        "A6": "有缺陷的成功",
        "01": "交易失败。详情请咨询95516",
        "02": "系统未开放或暂时关闭，请稍后再试",  # noqa: RUF001
        "03": "交易通讯超时，请发起查询交易",  # noqa: RUF001
        "04": "交易状态未明，请查询对账结果",  # noqa: RUF001
        "05": "交易已受理，请稍后查询交易结果[6154037]",  # noqa: RUF001
        "06": "系统繁忙，请稍后再试",  # noqa: RUF001
        "10": "报文格式错误[5100030]",
        "11": "验证签名失败[9100004]",
        "12": "订单重复[2010002]",
        "13": "报文交易要素缺失",
        "14": "批量文件格式错误",
        "30": "交易未通过，请尝试使用其他银联卡支付或联系95516",  # noqa: RUF001
        "31": "商户状态不正确",
        "32": "无此交易权限[6131010]",
        "33": "交易金额超限",
        "34": "查无此交易[2600000]",
        "35": "原交易不存在或状态不正确[2011000]",
        "36": "与原交易信息不符[2050004]",
        "37": "已超过最大查询次数或操作过于频繁[6100087]",
        "38": "银联风险受限",
        "39": "交易不在受理时间范围内",
        "40": "绑定关系检查失败[6151200]",
        "41": "批量状态不正确，无法下载",  # noqa: RUF001
        "42": "扣款成功但交易超过规定支付时间",
        "43": "无此业务权限，详情请咨询95516",  # noqa: RUF001
        "44": "输入号码错误或暂未开通此项业务",
        "45": "原交易已被成功退货或已被成功撤销[2050002]",
        "60": "交易失败，详情请咨询您的发卡行",  # noqa: RUF001
        "61": "输入的卡号无效，请确认后输入",  # noqa: RUF001
        "62": "交易失败，发卡银行不支持该商户，请更换其他银行卡",  # noqa: RUF001
        "63": "卡状态不正确",
        "64": "卡上的余额不足",
        "65": "输入的密码、有效期或CVN2有误，交易失败",  # noqa: RUF001
        "66": "持卡人身份信息或手机号输入不正确，验证失败",  # noqa: RUF001
        "67": "密码输入次数超限",
        "68": "您的银行卡暂不支持该业务，请向您的银行或95516咨询",  # noqa: RUF001
        "69": "您的输入超时，交易失败",  # noqa: RUF001
        "70": "交易已跳转，等待持卡人输入",  # noqa: RUF001
        "71": "动态口令或短信验证码校验失败",
        "72": "您尚未在银行网点柜面或个人网银签约加办银联无卡支付业务",
        "73": "支付卡已超过有效期",
        "74": "扣款成功，销账未知",  # noqa: RUF001
        "75": "扣款成功，销账失败",  # noqa: RUF001
        "76": "需要验密开通",
        "77": "银行卡未开通认证支付",
        "78": "发卡行交易权限受限，详情请咨询您的发卡行",  # noqa: RUF001
        "79": "此卡可用，但发卡行暂不支持短信验证",  # noqa: RUF001
        "80": "交易失败，Token已过期",  # noqa: RUF001
        "81": "月累计交易笔数或金额超限",
        "82": "需要校验密码",
        "83": "发卡行（渠道）处理中",  # noqa: RUF001
        "84": "交易失败，缺少密码",  # noqa: RUF001
        "87": "次数超限",
        "89": "没有Token",
        "90": "证件信息不符",
        "91": "证件状态不正确",
        "92": "余额查询失败",
        "93": "余额查询不支持",
        "94": "证件已过期",
        "95": "余额查询次数超限",
        "96": "证件信息缺失",
        "98": "文件不存在",
        "99": "通用错误",
    }
)
KNOWN = frozenset(_TEXTS)
# Never a failure of money: the outcome stands in a later query. Facts: unionpay/resp-codes
UNKNOWN_OUTCOME = frozenset({"03", "04", "05", "06", "70", "74", "83"})
SUCCESS = frozenset({"00", "A6"})


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a request, or of a transaction: `respCode` with `respMsg`."""

    code: str
    text: str

    @property
    def good(self) -> bool:
        """Success, with a defect or without."""
        return self.code in SUCCESS


def result(code: str, *, digits: str = "") -> Result:
    """
    A code with its text.

    Args:
        code: one that no document names gets a text of its own, as a new code would.
        digits: the seven digits of a rarer message of the same code.

    Facts: unionpay/resp-codes, unionpay/resp-messages
    """
    text = _TEXTS.get(code, "未知应答")
    plain, _, usual = text.partition("[")
    number = digits or usual.removesuffix("]") or _made_up(code)
    return Result(code, f"{plain}[{number}]")


def _made_up(code: str) -> str:
    return "60000" + (code if code.isdigit() else f"{ord(code[:1] or '0') % 100:02d}")


OK = result("00")
