"""
What Alipay's codes mean to a caller, over either interface: done, unknown, later, refused.

Facts: alipay/gateway-codes, alipay/business-codes, alipay/unknown-outcome, alipay/v3-response, alipay/transfer-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

DONE = "10000"
IN_PROCESS = "10003"
BUSINESS_FAILED = "40004"

# Facts: alipay/unknown-outcome. The typo is real.
UNKNOWN_SUB_CODES = frozenset(
    {
        "ACQ.SYSTEM_ERROR",
        "AQC.SYSTEM_ERROR",
        "aop.ACQ.SYSTEM_ERROR",
        "ACQ.TRADE_HAS_SUCCESS",
        "SYSTEM_ERROR",
        "UNKNOWN_ERROR",
        "REQUEST_PROCESSING",
        "TRANS_ORDER_DEALING",
        "PROMO_TRANS_ORDER_DEALING",
    }
)
# Facts: alipay/business-codes. Nothing was done, and the same number may succeed later.
LATER_SUB_CODES = frozenset(
    {
        "ACQ.APPLY_PC_MERCHANT_CODE_ERROR",
        "ACQ.SELLER_BALANCE_NOT_ENOUGH",
        "ACQ.REFUND_CHARGE_ERROR",
        "ACQ.ENTERPRISE_PAY_BIZ_ERROR",
        "PAYER_BALANCE_NOT_ENOUGH",
        "BALANCE_IS_NOT_ENOUGH",
        "PAYMENT_MONEY_NOT_ENOUGH",
        "RESOURCE_LIMIT_EXCEED",
        "BILL_NOT_EXIST",
        "isp.bill_not_exist",
        "SYSTEM_RATE_LIMIT",
        "USER_RATE_LIMIT",
    }
)
_NOTHING_DONE_CODES = frozenset({"20001", "40001", "40002", "40003", "40005", "40006"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer: its codes in v2's words, and its business fields."""

    code: str
    sub_code: str
    fields: Mapping[str, Any]

    def get(self, name: str) -> str:
        """Return a field as text, empty when it is missing."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def require_done(self) -> None:
        """
        Return when the call was handled.

        Raises:
            ChannelRefused: it was not done and will not be.
            ChannelUnavailable: it was not done; the same call is safe to repeat.
            ChannelOutcomeUnknown: nobody knows.
        """
        if self.code == DONE:
            return
        reason = self.sub_code or self.code
        if self.sub_code in LATER_SUB_CODES or self.code in _NOTHING_DONE_CODES:
            raise ChannelUnavailable(f"the channel did not do it: {self.code} {self.sub_code}", code=reason)
        if self.code == BUSINESS_FAILED and self.sub_code not in UNKNOWN_SUB_CODES:
            raise ChannelRefused(f"the channel refused: {self.sub_code}", code=reason)
        raise ChannelOutcomeUnknown(f"the channel does not know: {self.code} {self.sub_code}", code=reason)


def v2_answer(fields: Mapping[str, Any]) -> Answer:
    """Take an inner object of the v2 gateway; the codes stand in it."""
    return Answer(str(fields.get("code")), str(fields.get("sub_code", "")), fields)


def v3_answer(status: int, fields: Mapping[str, Any]) -> Answer:
    """
    Take an answer of OpenAPI v3; the codes are the status and the error's `code`.

    Business codes are v2's; the common ones lost their prefix and became kebab-case, and none of those says that
    something was done.

    Facts: alipay/v3-response
    """
    if status in {200, 204}:
        return Answer(DONE, "", fields)
    if status == 202:
        return Answer(IN_PROCESS, "", fields)
    code = str(fields.get("code", ""))
    if status >= 500 or not code:
        return Answer("20000", code or str(status), fields)
    if status == 429:
        return Answer("40005", code, fields)
    common = "-" in code
    return Answer("40002" if common else BUSINESS_FAILED, code, fields)
