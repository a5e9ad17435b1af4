"""
Asking UnionPay how a transaction stands, and reading the answer as a payment's state.

Facts: unionpay/query, unionpay/query-answers, unionpay/pay-timeout, unionpay/preauth-rules
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from reference_gateway.channels.port import TradeReport, TradeState
from reference_gateway.channels.unionpay.answers import Found, found_by, money_of
from reference_gateway.channels.unionpay.caller import Caller
from reference_gateway.channels.unionpay.merchant import Door, UnionPayMerchant, named, txn_time
from reference_gateway.channels.unionpay.numbers import COMPLETE, PREAUTH, number_of
from reference_gateway.clock import Clock
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown

_LOG = structlog.get_logger("reference_gateway.unionpay")


class Standing:
    """The questions."""

    def __init__(self, merchant: UnionPayMerchant, caller: Caller, clock: Clock) -> None:
        self._merchant = merchant
        self._caller = caller
        self._clock = clock

    async def find(self, order_id: str, at: str) -> tuple[Found, Mapping[str, str]]:
        """Ask for the transaction of this number and txnTime."""
        fields = {**self._merchant.common("00", "00", "000000"), "orderId": order_id, "txnTime": at}
        answer = await self._caller.ask(f"{self._merchant.url}{Door.QUERY}", fields)
        return found_by(answer), answer

    async def of(self, payment: Payment) -> tuple[Found, Mapping[str, str]]:
        """Ask for the transaction that the payment began with."""
        name = named(payment)
        return await self.find(name["orderId"], name["txnTime"])

    async def beside(self, payment: Payment, txn_type: str) -> tuple[Found, Mapping[str, str]]:
        """Ask for the completion or an undoing of the payment."""
        return await self.find(number_of(payment, txn_type), txn_time(payment.created_at))

    async def report(self, payment: Payment) -> TradeReport:
        """
        Say how the payment stands.

        What was only authorised waits until its completion is there. A failure before payTimeout may be followed by a
        better try of the same buyer; after it, it is final.
        """
        is_over = self._clock.now() > payment.expires_at
        found, answer = await self.of(payment)
        if found is Found.MISSING:
            return TradeReport(state=TradeState.MISSING)
        if found is Found.DONE and answer.get("txnType") == PREAUTH:
            completed, completion = await self.beside(payment, COMPLETE)
            if completed is Found.DONE:
                return paid(completion)
            return TradeReport(state=TradeState.WAITING, channel_trade_no=answer.get("queryId", ""))
        if found is Found.DONE:
            return paid(answer)
        if found is Found.LATE:
            _LOG.error("paid_after_pay_timeout", order_id=payment.out_trade_no, query_id=answer.get("queryId"))
            return TradeReport(state=TradeState.CLOSED)
        ended = found is Found.FAILED and is_over
        return TradeReport(state=TradeState.CLOSED if ended else TradeState.WAITING)


def paid(answer: Mapping[str, str]) -> TradeReport:
    """Read the answer about a transaction that succeeded."""
    try:
        amount_fen, query_id = money_of(answer), answer["queryId"]
    except (KeyError, ValueError) as error:
        raise ChannelOutcomeUnknown(f"the query's answer cannot be read: {error}") from error
    if answer.get("origRespCode") == "A6":
        _LOG.warning("success_with_a_defect", order_id=answer.get("orderId"), query_id=query_id)
    return TradeReport(state=TradeState.PAID, channel_trade_no=query_id, amount_fen=amount_fen)
