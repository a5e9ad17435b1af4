"""
The XML API's orders and refunds by number: query, close, reverse, refund. An answer about another order is no answer.

Facts: wechatpay/v2-orderquery, wechatpay/v2-closeorder, wechatpay/v2-reverse, wechatpay/v2-refund,
wechatpay/v2-refundquery
"""

from __future__ import annotations

from collections.abc import Mapping

from reference_gateway.channels.port import EndState, RefundReport, RefundState, TradeReport, TradeState
from reference_gateway.channels.wechatpay.v2_client import V2Client
from reference_gateway.channels.wechatpay.v2_notify import total_fen, whole_fen
from reference_gateway.channels.wechatpay.words import ENDS, REFUND_STATES, TRADE_STATES, moment_of_compact
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

NO_ORDER = frozenset({"ORDERNOTEXIST", "INVALID_TRANSACTIONID"})
PAYING_NOW = frozenset({"USERPAYING", "FREQUENCY_LIMITED"})
# What closing is answered where there is nothing left to close; the query says what became of it.
ENDED_CODES = frozenset({"ORDERPAID", "ORDERCLOSED", "ORDERREVERSED", "TRADE_ERROR", "INVALID_REQUEST"})


def report_of(fields: Mapping[str, str], *, state: TradeState) -> TradeReport:
    """
    Translate a trade, as queries and payment codes tell it.

    Raises:
        KeyError, ValueError: a field is missing or cannot be read.
    """
    if state is not TradeState.PAID:
        amount = total_fen(fields) if fields.get("total_fee") else None
        return TradeReport(state=state, channel_trade_no=fields.get("transaction_id", ""), amount_fen=amount)
    if not fields["transaction_id"]:
        raise ValueError("paid, and without a transaction_id")
    return TradeReport(
        state=state,
        channel_trade_no=fields["transaction_id"],
        amount_fen=total_fen(fields),
        paid_at=moment_of_compact(fields["time_end"]) if fields.get("time_end") else None,
    )


class V2Trades:
    """Everything about an order that exists."""

    def __init__(self, client: V2Client) -> None:
        self._client = client

    async def query(self, payment: Payment) -> TradeReport:
        """Ask by our number."""
        try:
            answer = await self._client.call("query", "/pay/orderquery", {"out_trade_no": payment.out_trade_no})
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return TradeReport(state=TradeState.MISSING)
            raise
        try:
            state = TRADE_STATES[answer["trade_state"]]
        except KeyError as error:
            raise ChannelOutcomeUnknown(f"the trade's answer cannot be read: {error}") from error
        return self.report(payment, answer, state=state)

    def report(self, payment: Payment, fields: Mapping[str, str], *, state: TradeState) -> TradeReport:
        """Translate an answer about *payment*, or raise ChannelOutcomeUnknown."""
        _about(payment, fields)
        try:
            return report_of(fields, state=state)
        except (KeyError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the trade's answer cannot be read: {error}") from error

    async def close(self, payment: Payment) -> EndState:
        """
        End an unpaid order. A wrong number is closed without complaint, so the query has the last word.

        Facts: wechatpay/v2-closeorder, wechatpay/chaos
        """
        try:
            await self._client.call("close", "/pay/closeorder", {"out_trade_no": payment.out_trade_no})
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return EndState.MISSING
            if error.reason not in ENDED_CODES:
                raise
        except (ChannelUnavailable, ChannelOutcomeUnknown) as error:
            if error.reason in PAYING_NOW:
                return EndState.WAITING
            raise
        return ENDS[(await self.query(payment)).state]

    async def reverse(self, payment: Payment) -> EndState:
        """
        Take a payment by code back, paid or not; `recall` Y asks for another call.

        Facts: wechatpay/v2-reverse
        """
        try:
            answer = await self._client.call("reverse", "/secapi/pay/reverse", {"out_trade_no": payment.out_trade_no})
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return EndState.MISSING
            raise
        except (ChannelUnavailable, ChannelOutcomeUnknown) as error:
            if error.reason in PAYING_NOW:
                return EndState.WAITING
            raise
        return EndState.WAITING if answer.get("recall") == "Y" else EndState.CLOSED

    async def refund(self, payment: Payment, refund: Refund, *, notify_url: str) -> RefundReport:
        """
        Ask for a refund, with our client certificate; that it is taken says nothing of the money.

        Facts: wechatpay/v2-refund
        """
        business = {
            "out_trade_no": payment.out_trade_no,
            "out_refund_no": refund.out_request_no,
            "total_fee": str(payment.amount_fen),
            "refund_fee": str(refund.amount_fen),
            "refund_fee_type": "CNY",
        }
        if refund.reason:
            business["refund_desc"] = refund.reason[:80]
        if notify_url:
            business["notify_url"] = notify_url
        try:
            answer = await self._client.call("refund", "/secapi/pay/refund", business)
        except ChannelRefused as error:
            # A repeat that looks different to the channel is no failure: its own record decides.
            if error.reason in {"INVALID_REQUEST", "PARAM_ERROR", "ERROR"}:
                report = await self.query_refund(payment, refund)
                if report.state is not RefundState.MISSING:
                    return report
            raise
        _about(payment, answer)
        try:
            same = whole_fen(answer["refund_fee"]) == refund.amount_fen
            same = same and answer["out_refund_no"] == refund.out_request_no
        except (KeyError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the refund's answer cannot be read: {error}") from error
        if not same:
            raise ChannelOutcomeUnknown("the refund was answered for another refund")
        # The same answer comes whether the refund has just been taken or has ended long ago.
        return RefundReport(RefundState.UNCONFIRMED, answer.get("refund_id", ""))

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for one refund by our number; names bear an index.

        Facts: wechatpay/v2-refundquery
        """
        try:
            answer = await self._client.call(
                "query_refund", "/pay/refundquery", {"out_refund_no": refund.out_request_no}
            )
        except ChannelRefused as error:
            if error.reason in {"REFUNDNOTEXIST"} | NO_ORDER:
                return RefundReport(RefundState.MISSING)
            raise
        _about(payment, answer)
        try:
            index = next(n for n in range(10) if answer.get(f"out_refund_no_{n}") == refund.out_request_no)
            state = REFUND_STATES[answer[f"refund_status_{index}"]]
            same = whole_fen(answer[f"refund_fee_{index}"]) == refund.amount_fen
        except (StopIteration, KeyError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the refund query's answer cannot be read: {error!r}") from error
        if not same:
            raise ChannelOutcomeUnknown("the refund under this number is of another amount")
        return RefundReport(state, answer.get(f"refund_id_{index}", ""))


def _about(payment: Payment, fields: Mapping[str, str]) -> None:
    if fields.get("out_trade_no") != payment.out_trade_no:
        raise ChannelOutcomeUnknown("the answer is about another order")
