"""
API v3's refusals, sorted by what they say about the work: not done for good, not done yet, or nobody knows.

Tables only. A status or a code that is not here is an unknown outcome: it is asked about, never guessed.

Facts: wechatpay/errors, wechatpay/error-spelling, wechatpay/refund-rules, wechatpay/transfer-bills
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Sort(StrEnum):
    """REFUSED: not done, and never will be. LATER: not done, the same call may succeed. UNKNOWN: ask."""

    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"


# The pages of 2020 to 2022. Facts: wechatpay/error-spelling
OLD_SPELLINGS: Mapping[str, str] = {
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "SYSTEMERROR": "SYSTEM_ERROR",
    "USERPAYING": "USER_PAYING",
    "RULELIMIT": "RULE_LIMIT",
    "NOTENOUGH": "NOT_ENOUGH",
    "NOAUTH": "NO_AUTH",
    "BANKERROR": "BANK_ERROR",
    "ACCOUNTERROR": "ACCOUNT_ERROR",
    "RATELIMIT_EXCEEDED": "FREQUENCY_LIMITED",
    "RATELIMIT_EXCEED": "FREQUENCY_LIMITED",
    "ORDERCLOSED": "ORDER_CLOSED",
    "ORDER_PAID": "ORDERPAID",
    "TRADEERROR": "TRADE_ERROR",
    "AUTH_CODE_EXPIRED": "AUTHCODEEXPIRE",
    "AUTH_CODE_EXPIRE": "AUTHCODEEXPIRE",
    "ORDER_REVERSED": "ORDERREVERSED",
}

CODES: Mapping[str, Sort] = {
    "PARAM_ERROR": Sort.REFUSED,
    "INVALID_REQUEST": Sort.REFUSED,
    "APPID_MCHID_NOT_MATCH": Sort.REFUSED,
    "MCH_NOT_EXISTS": Sort.REFUSED,
    "ORDER_CLOSED": Sort.REFUSED,
    "ORDERPAID": Sort.REFUSED,
    "ORDERREVERSED": Sort.REFUSED,
    "OUT_TRADE_NO_USED": Sort.REFUSED,
    "ORDER_NOT_EXIST": Sort.REFUSED,
    "RESOURCE_NOT_EXISTS": Sort.REFUSED,
    "NOT_FOUND": Sort.REFUSED,
    "NO_STATEMENT_EXIST": Sort.REFUSED,
    "REFUND_FEE_MISMATCH": Sort.REFUSED,
    "TRADE_OVERDUE": Sort.REFUSED,
    "NO_AUTH": Sort.REFUSED,
    "RULE_LIMIT": Sort.REFUSED,
    "TRADE_ERROR": Sort.REFUSED,
    "USER_ACCOUNT_ABNORMAL": Sort.REFUSED,
    "ACCOUNT_ERROR": Sort.REFUSED,
    "REQUEST_BLOCKED": Sort.REFUSED,
    "REVERSE_EXPIRE": Sort.REFUSED,
    # A shown code that cannot be charged. Facts: wechatpay/v2-micropay
    "AUTHCODEEXPIRE": Sort.REFUSED,
    "AUTH_CODE_ERROR": Sort.REFUSED,
    "AUTH_CODE_INVALID": Sort.REFUSED,
    "NOTSUPORTCARD": Sort.REFUSED,
    "BUYER_MISMATCH": Sort.REFUSED,
    # At the door, or the merchant's money: the same call is right once that is mended.
    "SIGN_ERROR": Sort.LATER,
    "NOT_ENOUGH": Sort.LATER,
    "STATEMENT_CREATING": Sort.LATER,
    "FREQUENCY_LIMITED": Sort.LATER,
    # A transfer under this number with other parameters: the query says which.
    "ALREADY_EXISTS": Sort.UNKNOWN,
    "SYSTEM_ERROR": Sort.UNKNOWN,
    "BANK_ERROR": Sort.UNKNOWN,
    "OPENID_MISMATCH": Sort.UNKNOWN,
    "INVALID_TRANSACTIONID": Sort.UNKNOWN,
    "SERVICE_UNAVAILABLE": Sort.UNKNOWN,
    "USER_PAYING": Sort.UNKNOWN,
}

# What a code means to one call and not to the others.
EXCEPTIONS: Mapping[str, Mapping[str, Sort]] = {
    # Throttled, and accepted all the same perhaps.
    "refund": {"FREQUENCY_LIMITED": Sort.UNKNOWN},
    "transfer": {"FREQUENCY_LIMITED": Sort.UNKNOWN},
    # It is the buyer whose money is short, and the shown code is spent.
    "codepay": {"NOT_ENOUGH": Sort.REFUSED},
}


def todays(code: str) -> str:
    """Write a code of either spelling in today's."""
    return OLD_SPELLINGS.get(code, code)


def sort_of(code: str, *, call: str, status: int) -> Sort:
    """
    Sort a signed refusal of a call.

    Args:
        code: in today's spelling.
    """
    if status >= 500:
        return Sort.UNKNOWN
    return EXCEPTIONS.get(call, {}).get(code) or CODES.get(code, Sort.UNKNOWN)
