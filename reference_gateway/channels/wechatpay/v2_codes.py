"""
The XML API's err_codes, sorted by what they say about the work, and their meaning to single calls.

Tables only. A code that is not here is an unknown outcome.

Facts: wechatpay/v2-unifiedorder, wechatpay/v2-refund, wechatpay/v2-micropay, wechatpay/v2-reverse,
wechatpay/v2-refundquery, wechatpay/v2-closeorder
"""

from __future__ import annotations

from collections.abc import Mapping

from reference_gateway.channels.wechatpay.v3_codes import Sort

CODES: Mapping[str, Sort] = {
    "INVALID_REQUEST": Sort.REFUSED,
    "PARAM_ERROR": Sort.REFUSED,
    "LACK_PARAMS": Sort.REFUSED,
    "NOAUTH": Sort.REFUSED,
    "ORDERPAID": Sort.REFUSED,
    "ORDERCLOSED": Sort.REFUSED,
    "ORDERREVERSED": Sort.REFUSED,
    "ORDERNOTEXIST": Sort.REFUSED,
    "REFUNDNOTEXIST": Sort.REFUSED,
    "NOT_FOUND": Sort.REFUSED,
    "APPID_NOT_EXIST": Sort.REFUSED,
    "MCHID_NOT_EXIST": Sort.REFUSED,
    "APPID_MCHID_NOT_MATCH": Sort.REFUSED,
    "OUT_TRADE_NO_USED": Sort.REFUSED,
    "XML_FORMAT_ERROR": Sort.REFUSED,
    "REQUIRE_POST_METHOD": Sort.REFUSED,
    "POST_DATA_EMPTY": Sort.REFUSED,
    "NOT_UTF8": Sort.REFUSED,
    "TRADE_OVERDUE": Sort.REFUSED,
    "ERROR": Sort.REFUSED,
    "USER_ACCOUNT_ABNORMAL": Sort.REFUSED,
    "INVALID_TRANSACTIONID": Sort.REFUSED,
    "REFUND_FEE_MISMATCH": Sort.REFUSED,
    "REVERSE_EXPIRE": Sort.REFUSED,
    "TRADE_ERROR": Sort.REFUSED,
    "AUTHCODEEXPIRE": Sort.REFUSED,
    "AUTH_CODE_ERROR": Sort.REFUSED,
    "AUTH_CODE_INVALID": Sort.REFUSED,
    "NOTSUPORTCARD": Sort.REFUSED,
    "BUYER_MISMATCH": Sort.REFUSED,
    # The merchant's keys, certificate or money: the same call is right once that is mended.
    "SIGNERROR": Sort.LATER,
    "CERT_ERROR": Sort.LATER,
    "NOTENOUGH": Sort.LATER,
    "INVALID_REQ_TOO_MUCH": Sort.LATER,
    "ORDER_NOT_READY": Sort.LATER,
    "FREQUENCY_LIMITED": Sort.LATER,
    # A transfer under this number with other parameters: the query says which.
    "FATAL_ERROR": Sort.UNKNOWN,
    "SYSTEMERROR": Sort.UNKNOWN,
    "BANKERROR": Sort.UNKNOWN,
    "BIZERR_NEED_RETRY": Sort.UNKNOWN,
    "USERPAYING": Sort.UNKNOWN,
}

# What a code means to one call and not to the others.
EXCEPTIONS: Mapping[str, Mapping[str, Sort]] = {
    # It is the buyer whose money is short, and the shown code is spent.
    "micropay": {"NOTENOUGH": Sort.REFUSED},
    # Throttled, and accepted all the same perhaps. Facts: wechatpay/chaos
    "refund": {"FREQUENCY_LIMITED": Sort.UNKNOWN},
    "transfer": {"FREQUENCY_LIMITED": Sort.UNKNOWN},
}


def sort_of(code: str, *, call: str) -> Sort:
    """Sort a refusal of a call."""
    return EXCEPTIONS.get(call, {}).get(code) or CODES.get(code, Sort.UNKNOWN)
