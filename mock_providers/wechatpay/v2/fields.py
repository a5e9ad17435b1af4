"""
What the fields of each API must look like, as data, and the one loop that checks them.

A field that is not named here is signed like the others and otherwise ignored.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from mock_providers.wechatpay.times import BEIJING
from mock_providers.wechatpay.v2.codes import Refusal


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Args:
        chars_max: how long its text may be.
        shape: what the whole text must match.
    """

    chars_max: int
    shape: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Rules:
    """
    Args:
        checks: of each field its name, how long it may be, and what tells whether it fits.
        required: missing or empty ones are refused, in this order.
        one_of: of these, one at least is required.
        malformed: the code for a field of the wrong shape.
    """

    checks: tuple[tuple[str, int, Callable[[str], object] | None], ...]
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    malformed: str = "PARAM_ERROR"

    @cached_property
    def by_name(self) -> Mapping[str, tuple[int, Callable[[str], object] | None]]:
        """The checks by the fields' names."""
        return {name: (chars_max, fits) for name, chars_max, fits in self.checks}


def refused(fields: Mapping[str, str], rules: Rules) -> Refusal | None:
    """
    The first rule that is broken: what is missing, then what has another shape.

    Facts: wechatpay/v2-field-rules, wechatpay/v2-check-order
    """
    return None if _all_well(fields, rules) else _first_refusal(fields, rules)


def _all_well(fields: Mapping[str, str], rules: Rules) -> bool:
    """Whether no rule is broken, as is usual; which one would be is another question, and takes longer."""
    get, check_of = fields.get, rules.by_name.get
    if not all(map(get, rules.required)) or (rules.one_of and not any(map(get, rules.one_of))):
        return False
    for name, value in fields.items():
        check = check_of(name)
        if check is not None and value:
            chars_max, fits = check
            if len(value) > chars_max or (fits is not None and not fits(value)):
                return False
    return True


def _first_refusal(fields: Mapping[str, str], rules: Rules) -> Refusal | None:
    get = fields.get
    for name in rules.required:
        if not get(name):
            return Refusal("LACK_PARAMS", f"缺少参数{name}")
    if rules.one_of and not any(get(name) for name in rules.one_of):
        return Refusal("LACK_PARAMS", f"缺少参数{'或'.join(rules.one_of)}")
    for name, chars_max, fits in rules.checks:
        value = get(name)
        if value:
            if len(value) > chars_max:
                return Refusal(rules.malformed, f"{name}参数长度有误")
            if fits is not None and not fits(value):
                return Refusal(rules.malformed, f"{name}参数格式错误")
    return None


def moment_of(text: str) -> datetime:
    """
    Read "yyyyMMddHHmmss".

    Raises:
        ValueError: another shape, or no such moment.

    Facts: wechatpay/v2-times
    """
    if not _MOMENT.fullmatch(text):
        raise ValueError("a moment is written yyyyMMddHHmmss")
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}").replace(tzinfo=BEIJING)


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_MOMENT = _shape(r"\d{14}")
_NUMBER = Rule(32, _shape(r"[0-9A-Za-z_\-|*@]{6,32}"))
_TRANSACTION = Rule(32, _shape(r"[0-9]{1,32}"))
_REFUND_NUMBER = Rule(64, _shape(r"[0-9A-Za-z_\-|*@]{1,64}"))
_FEN = Rule(11, _shape(r"[1-9][0-9]{0,10}"))
_COUNT = Rule(6, _shape(r"[0-9]{1,6}"))
_IP = Rule(64, _shape(r"[0-9A-Fa-f:.]{2,64}"))
_URL = Rule(256, re.compile(r"https?://[^\s\"'<>]{1,248}"))
_YES_NO = Rule(1, _shape(r"[YN]"))
_OPENID = Rule(128, _shape(r"[0-9A-Za-z_-]{1,128}"))
_CNY = Rule(16, _shape(r"CNY"))
_COMMON = {
    "appid": Rule(32),
    "mch_id": Rule(32),
    "nonce_str": Rule(32),
    "sign_type": Rule(32),
    "device_info": Rule(32),
    "sub_appid": Rule(32),
    "sub_mch_id": Rule(32),
}
_TRADE = {
    **_COMMON,
    "body": Rule(128),
    "detail": Rule(6144),
    "attach": Rule(128),
    "out_trade_no": _NUMBER,
    "fee_type": _CNY,
    "total_fee": _FEN,
    "spbill_create_ip": _IP,
    "time_start": Rule(14, _MOMENT),
    "time_expire": Rule(14, _MOMENT),
    "goods_tag": Rule(32),
    "limit_pay": Rule(32, _shape(r"no_credit|no_balance|no_debit|[a-z_|,]{1,32}")),
    "receipt": Rule(8, _shape(r"[YN]")),
    "scene_info": Rule(512),
    "profit_sharing": _YES_NO,
}
_EITHER = ("transaction_id", "out_trade_no")
_TWO = {**_COMMON, "transaction_id": _TRANSACTION, "out_trade_no": _NUMBER}


def _rules(
    fields: Mapping[str, Rule], *required: str, one_of: tuple[str, ...] = (), code: str = "PARAM_ERROR"
) -> Rules:
    checks = tuple((name, one.chars_max, one.shape and one.shape.fullmatch) for name, one in fields.items())
    return Rules(checks, required, one_of, code)


# See wechatpay/v2-field-rules, wechatpay/v2-unifiedorder.
UNIFIEDORDER = _rules(
    {
        **_TRADE,
        "notify_url": _URL,
        "trade_type": Rule(16, _shape(r"JSAPI|NATIVE|APP|MWEB")),
        "product_id": Rule(32),
        "openid": _OPENID,
        "sub_openid": _OPENID,
    },
    *("appid", "nonce_str", "body", "out_trade_no", "total_fee", "spbill_create_ip", "notify_url", "trade_type"),
    code="INVALID_REQUEST",
)
ORDERQUERY = _rules(_TWO, "appid", "nonce_str", one_of=_EITHER)
CLOSEORDER = _rules(_TWO, "appid", "nonce_str", "out_trade_no")
# See wechatpay/v2-refund.
REFUND = _rules(
    {
        **_TWO,
        "out_refund_no": _REFUND_NUMBER,
        "total_fee": _FEN,
        "refund_fee": _FEN,
        "refund_fee_type": _CNY,
        "refund_desc": Rule(80),
        "refund_account": Rule(30, _shape(r"REFUND_SOURCE_UNSETTLED_FUNDS|REFUND_SOURCE_RECHARGE_FUNDS")),
        "notify_url": _URL,
        "op_user_id": Rule(32),
    },
    *("appid", "nonce_str", "out_refund_no", "total_fee", "refund_fee"),
    one_of=_EITHER,
)
# See wechatpay/v2-refundquery.
REFUNDQUERY = _rules(
    {**_TWO, "out_refund_no": _REFUND_NUMBER, "refund_id": _TRANSACTION, "offset": _COUNT},
    *("appid", "nonce_str"),
    one_of=("refund_id", "out_refund_no", "transaction_id", "out_trade_no"),
)
# See wechatpay/v2-downloadbill.
DOWNLOADBILL = _rules(
    {
        **_COMMON,
        "bill_date": Rule(8, _shape(r"\d{8}")),
        "bill_type": Rule(32, _shape(r"ALL|SUCCESS|REFUND|RECHARGE_REFUND|REVOKED")),
        "tar_type": Rule(8, _shape(r"GZIP")),
    },
    *("appid", "nonce_str", "bill_date"),
)
DOWNLOADFUNDFLOW = _rules(
    {
        **_COMMON,
        "bill_date": Rule(8, _shape(r"\d{8}")),
        "account_type": Rule(32, _shape(r"Basic|Operation|Fees")),
        "tar_type": Rule(8, _shape(r"GZIP")),
    },
    *("appid", "nonce_str", "bill_date", "account_type"),
)
# See wechatpay/v2-micropay.
MICROPAY = _rules(
    {**_TRADE, "auth_code": Rule(128)},
    *("appid", "nonce_str", "body", "out_trade_no", "total_fee", "spbill_create_ip", "auth_code"),
)
XDC_MICROPAY = _rules(
    {**_TRADE, "auth_code": Rule(128)}, *("appid", "nonce_str", "body", "out_trade_no", "total_fee", "auth_code")
)
REVERSE = _rules(_TWO, "appid", "nonce_str", one_of=_EITHER)
# See wechatpay/v2-tools.
AUTHCODETOOPENID = _rules({**_COMMON, "auth_code": Rule(128)}, "appid", "nonce_str", "auth_code")
REPORT = _rules(
    {**_COMMON, "interface_url": Rule(127), "execute_time": _COUNT, "return_code": Rule(16), "return_msg": Rule(128)},
    *("appid", "nonce_str", "interface_url", "return_code", "result_code", "user_ip"),
    one_of=("execute_time", "execute_time_"),
)
GETSIGNKEY = _rules(_COMMON, "nonce_str")
# See wechatpay/v2-redpack.
SENDREDPACK = _rules(
    {
        **_COMMON,
        "wxappid": Rule(32),
        "mch_billno": Rule(28, _shape(r"[0-9A-Za-z]{1,28}")),
        "send_name": Rule(32),
        "re_openid": _OPENID,
        "total_amount": _FEN,
        "total_num": _COUNT,
        "wishing": Rule(128),
        "client_ip": _IP,
        "act_name": Rule(32),
        "remark": Rule(256),
        "scene_id": Rule(32, _shape(r"PRODUCT_[1-8]")),
        "amt_type": Rule(32, _shape(r"ALL_RAND")),
    },
    *("nonce_str", "mch_billno", "wxappid", "send_name", "re_openid", "total_amount", "total_num", "wishing"),
    *("act_name", "remark"),
)
GETHBINFO = _rules(
    {**_COMMON, "mch_billno": Rule(28), "bill_type": Rule(32, _shape(r"MCHT"))},
    *("nonce_str", "mch_billno", "appid", "bill_type"),
)
# See wechatpay/v2-transfers.
TRANSFERS = _rules(
    {
        **_COMMON,
        "mch_appid": Rule(128),
        "mchid": Rule(32),
        "partner_trade_no": Rule(32, _shape(r"[0-9A-Za-z]{1,32}")),
        "openid": _OPENID,
        "check_name": Rule(16, _shape(r"NO_CHECK|FORCE_CHECK|OPTION_CHECK")),
        "re_user_name": Rule(64),
        "amount": _FEN,
        "desc": Rule(100),
        "spbill_create_ip": _IP,
    },
    *("mch_appid", "nonce_str", "partner_trade_no", "openid", "check_name", "amount", "desc"),
)
GETTRANSFERINFO = _rules({**_COMMON, "partner_trade_no": Rule(32)}, "nonce_str", "partner_trade_no", "appid")
