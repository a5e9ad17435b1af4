"""
The vendor's acceptance cases, chosen by the request header `Wechatpay-Negative-Test`.

A case is a code of the vendor's, written as on today's pages or as on the old ones; where a case cannot happen in an
API, the header says nothing.

Facts: wechatpay/acceptance
"""

from collections.abc import Mapping

from mock_providers.wechatpay.v3 import answers
from mock_providers.wechatpay.v3.answers import Answer

_EVERYWHERE = frozenset({"SYSTEM_ERROR", "FREQUENCY_LIMITED", "SIGN_ERROR", "MCH_NOT_EXISTS", "SERVICE_UNAVAILABLE"})
_PAYING = frozenset(
    {"NO_AUTH", "RULE_LIMIT", "TRADE_ERROR", "NOT_ENOUGH", "ACCOUNT_ERROR", "BANK_ERROR", "OPENID_MISMATCH"}
    | {"ORDERPAID", "ORDER_CLOSED", "OUT_TRADE_NO_USED", "APPID_MCHID_NOT_MATCH", "INVALID_REQUEST", "PARAM_ERROR"}
)
# Which refusals each API can be asked for.
REFUSALS: Mapping[str, frozenset[str]] = {
    "create": _EVERYWHERE | _PAYING,
    "codepay": _EVERYWHERE | _PAYING | {"AUTH_CODE_EXPIRE", "AUTH_CODE_INVALID"},
    "query": _EVERYWHERE | {"ORDER_NOT_EXIST", "INVALID_TRANSACTIONID"},
    "close": _EVERYWHERE | {"ORDERPAID", "USER_PAYING", "RULE_LIMIT", "TRADE_ERROR"},
    "reverse": _EVERYWHERE | {"USER_PAYING", "TRADE_ERROR", "RULE_LIMIT"},
    "refund": _EVERYWHERE
    | {"NOT_ENOUGH", "USER_ACCOUNT_ABNORMAL", "TRADE_OVERDUE", "NO_AUTH", "REFUND_FEE_MISMATCH"}
    | {"INVALID_REQUEST", "RESOURCE_NOT_EXISTS"},
    "refund_query": _EVERYWHERE | {"RESOURCE_NOT_EXISTS"},
    "bill": _EVERYWHERE | {"NO_STATEMENT_EXIST", "STATEMENT_CREATING"},
    "transfer": _EVERYWHERE | {"NOT_ENOUGH", "NO_AUTH", "ACCOUNT_ERROR", "RULE_LIMIT"},
    "certificates": _EVERYWHERE | {"RESOURCE_NOT_EXISTS"},
}
_TODAY = {old: new for new, old in answers.OLD_SPELLING.items()}


def case_of(text: str) -> str:
    """A case in today's spelling."""
    word = text.strip().upper()
    return _TODAY.get(word, word)


def refusal(case: str, api: str) -> Answer | None:
    """The refusal that *case* asks for, None where it asks for none that this API knows."""
    if not case:
        return None
    word = case_of(case)
    return answers.refused(word) if word in REFUSALS[api] else None
