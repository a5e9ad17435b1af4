"""
Money paid out by Alipay: one constant number for each payout, and a doubt that is always asked about.

Facts: alipay/transfer, alipay/transfer-codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reference_gateway.channels.alipay.answers import Answer
from reference_gateway.channels.alipay.openings import Caller
from reference_gateway.channels.alipay.words import PAYOUT_STATES
from reference_gateway.channels.port import PayoutReport, PayoutState
from reference_gateway.domain.money import fen_of_yuan_text, yuan_text_of_fen
from reference_gateway.domain.payout import Payout
from reference_gateway.errors import ChannelOutcomeUnknown

PRODUCT: Mapping[str, str] = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
# Said of a number that was used before: by an identical repeat too, as one integrator met it. The query knows.
REPEATED_CODES = frozenset({"PAYMENT_INFO_INCONSISTENCY", "BIZ_UNIQUE_EXCEPTION"})

_USER_ID = re.compile(r"2088[0-9]{12}", re.ASCII)
_LOGON_ID = re.compile(r".+@.+|[0-9]{11}", re.ASCII)


class Transfers:
    """Transfers to Alipay accounts."""

    def __init__(self, call: Caller) -> None:
        self._call = call

    async def transfer(self, payout: Payout) -> PayoutReport:
        """Pay out; repeating it under its number moves the money once."""
        payee = {"identity": payout.account, "identity_type": _identity_type(payout.account)}
        if payout.account_name:
            payee["name"] = payout.account_name
        business = {
            "out_biz_no": payout.out_payout_no,
            "trans_amount": yuan_text_of_fen(payout.amount_fen),
            **PRODUCT,
            "order_title": payout.merchant_payout_no,
            "payee_info": payee,
        }
        answer = await self._call("alipay.fund.trans.uni.transfer", business)
        if answer.sub_code in REPEATED_CODES:
            raise ChannelOutcomeUnknown("the channel says that the number was used; the query knows how")
        return _report(payout, answer)

    async def query(self, payout: Payout) -> PayoutReport:
        """Ask for one transfer by our number."""
        answer = await self._call("alipay.fund.trans.common.query", {"out_biz_no": payout.out_payout_no, **PRODUCT})
        if answer.sub_code == "ORDER_NOT_EXIST":
            return PayoutReport(PayoutState.MISSING)
        return _report(payout, answer)


def _identity_type(account: str) -> str:
    if _USER_ID.fullmatch(account):
        return "ALIPAY_USER_ID"
    return "ALIPAY_LOGON_ID" if _LOGON_ID.fullmatch(account) else "ALIPAY_OPEN_ID"


def _report(payout: Payout, answer: Answer) -> PayoutReport:
    answer.require_done()
    state = PAYOUT_STATES.get(answer.get("status"))
    if state is None or answer.get("out_biz_no") not in {"", payout.out_payout_no}:
        raise ChannelOutcomeUnknown("the transfer's answer cannot be read")
    amount = answer.get("trans_amount") or answer.get("amount")
    try:
        same = not amount or fen_of_yuan_text(amount) == payout.amount_fen
    except ValueError as error:
        raise ChannelOutcomeUnknown("the transfer's amount cannot be read") from error
    if not same:
        raise ChannelOutcomeUnknown(f"the transfer under this number is of {amount} yuan")
    failure = ""
    if state is PayoutState.FAILED:
        failure = answer.get("error_code") or answer.get("sub_status") or answer.get("status")
    return PayoutReport(state, answer.get("order_id") or answer.get("pay_fund_order_id"), failure)
