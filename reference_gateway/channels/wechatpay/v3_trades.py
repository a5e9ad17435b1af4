"""
API v3's orders and refunds by number: query, close, reverse, refund. An answer about another order is no answer.

Facts: wechatpay/query, wechatpay/close, wechatpay/codepay, wechatpay/refund, wechatpay/refund-rules,
wechatpay/refund-query
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reference_gateway.channels.port import EndState, RefundReport, RefundState, TradeReport, TradeState
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.v3_client import V3Client
from reference_gateway.channels.wechatpay.words import ENDS, REFUND_STATES, TRADE_STATES, moment_of_rfc3339
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
NO_ORDER = frozenset({"ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"})
# The buyer is paying at this moment, so nothing can be ended. Facts: wechatpay/close, wechatpay/v2-reverse
PAYING_NOW = frozenset({"USER_PAYING", "FREQUENCY_LIMITED"})


def amount_of(amount: Any, name: str) -> Fen:
    """
    Read whole fen of an answer's `amount`.

    Raises:
        ValueError: there are none.
    """
    fen = amount.get(name) if isinstance(amount, dict) else None
    if type(fen) is not int or fen < 0:
        raise ValueError(f"no amount.{name} in whole fen")
    if amount.get("currency", "CNY") != "CNY":
        raise ValueError("an amount in another currency")
    return Fen(fen)


def report_of(fields: Mapping[str, Any]) -> TradeReport:
    """
    Translate a trade, as queries, payment codes and notifies tell it.

    Raises:
        KeyError, ValueError: a field is missing or cannot be read.

    Facts: wechatpay/query, wechatpay/trade-states
    """
    state = TRADE_STATES[fields["trade_state"]]
    paid = state is TradeState.PAID
    if paid and not fields.get("transaction_id"):
        raise ValueError("paid, and without a transaction_id")
    amount = amount_of(fields.get("amount"), "total") if paid or fields.get("amount") else None
    at = fields.get("success_time")
    return TradeReport(
        state=state,
        channel_trade_no=str(fields.get("transaction_id", "")),
        amount_fen=amount,
        paid_at=moment_of_rfc3339(at) if paid and at else None,
    )


class V3Trades:
    """Everything about an order that exists."""

    def __init__(self, client: V3Client, merchant: V3Merchant) -> None:
        self._client = client
        self._merchant = merchant

    async def query(self, payment: Payment) -> TradeReport:
        """Ask by our number, which finds unpaid orders too."""
        return await self._query(f"out-trade-no/{quote(payment.out_trade_no, safe='')}", payment)

    async def query_by_channel_no(self, payment: Payment) -> TradeReport:
        """Ask by `transaction_id`, which finds paid orders only."""
        return await self._query(f"id/{quote(payment.channel_trade_no or '', safe='')}", payment)

    async def _query(self, by: str, payment: Payment) -> TradeReport:
        try:
            answer = await self._client.call("query", "GET", f"{ORDERS}/{by}?mchid={self._merchant.mchid}")
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return TradeReport(state=TradeState.MISSING)
            raise
        return self.report(payment, answer.fields)

    def report(self, payment: Payment, fields: Mapping[str, Any]) -> TradeReport:
        """Translate an answer about *payment*, or raise ChannelOutcomeUnknown."""
        self._about(payment, fields, names=("out_trade_no", "appid", "mchid"))
        try:
            return report_of(fields)
        except (KeyError, TypeError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the trade's answer cannot be read: {error}") from error

    async def close(self, payment: Payment) -> EndState:
        """
        End an unpaid order. A wrong number is closed without complaint, so the query has the last word.

        Facts: wechatpay/close, wechatpay/chaos
        """
        target = f"{ORDERS}/out-trade-no/{quote(payment.out_trade_no, safe='')}/close"
        try:
            answer = await self._client.call("close", "POST", target, {"mchid": self._merchant.mchid})
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return EndState.MISSING
            if error.reason not in {"ORDERPAID", "ORDER_CLOSED", "TRADE_ERROR", "INVALID_REQUEST"}:
                raise
        except (ChannelUnavailable, ChannelOutcomeUnknown) as error:
            if error.reason in PAYING_NOW:
                return EndState.WAITING
            raise
        else:
            if answer.status == 202:
                return EndState.WAITING
        return ENDS[(await self.query(payment)).state]

    async def reverse(self, payment: Payment) -> EndState:
        """
        Take a payment by code back, paid or not.

        Facts: wechatpay/codepay, wechatpay/chaos
        """
        merchant = self._merchant
        target = f"{ORDERS}/out-trade-no/{quote(payment.out_trade_no, safe='')}/reverse"
        try:
            answer = await self._client.call(
                "reverse", "POST", target, {"appid": merchant.appid, "mchid": merchant.mchid}
            )
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return EndState.MISSING
            if error.reason in PAYING_NOW:
                return EndState.WAITING
            raise
        except (ChannelUnavailable, ChannelOutcomeUnknown) as error:
            if error.reason in PAYING_NOW:
                return EndState.WAITING
            raise
        if answer.status == 202:
            return EndState.WAITING
        self._about(payment, answer.fields, names=("out_trade_no",))
        return EndState.CLOSED

    async def refund(self, payment: Payment, refund: Refund, *, notify_url: str) -> RefundReport:
        """
        Ask for a refund; that it is taken says nothing of the money.

        Facts: wechatpay/refund, wechatpay/refund-rules
        """
        body: dict[str, Any] = {
            "out_trade_no": payment.out_trade_no,
            "out_refund_no": refund.out_request_no,
            "amount": {"refund": refund.amount_fen, "total": payment.amount_fen, "currency": "CNY"},
        }
        if refund.reason:
            body["reason"] = refund.reason[:80]
        if notify_url:
            body["notify_url"] = notify_url
        try:
            answer = await self._client.call("refund", "POST", REFUNDS, body)
        except ChannelRefused as error:
            # A repeat that looks different to the channel is no failure: its own record decides.
            if error.reason in {"INVALID_REQUEST", "PARAM_ERROR"}:
                report = await self.query_refund(payment, refund)
                if report.state is not RefundState.MISSING:
                    return report
            raise
        return self._refund_report(payment, refund, answer.fields)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for a refund by our number.

        Facts: wechatpay/refund-query
        """
        try:
            answer = await self._client.call(
                "query_refund", "GET", f"{REFUNDS}/{quote(refund.out_request_no, safe='')}"
            )
        except ChannelRefused as error:
            if error.reason in NO_ORDER:
                return RefundReport(RefundState.MISSING)
            raise
        return self._refund_report(payment, refund, answer.fields)

    def _refund_report(self, payment: Payment, refund: Refund, fields: Mapping[str, Any]) -> RefundReport:
        self._about(payment, fields, names=("out_trade_no",))
        try:
            state = REFUND_STATES[fields["status"]]
            same = fields["out_refund_no"] == refund.out_request_no
            same = same and amount_of(fields.get("amount"), "refund") == refund.amount_fen
        except (KeyError, TypeError, ValueError) as error:
            raise ChannelOutcomeUnknown(f"the refund's answer cannot be read: {error}") from error
        if not same:
            raise ChannelOutcomeUnknown("the answer is about another refund")
        return RefundReport(state, str(fields.get("refund_id", "")))

    def _about(self, payment: Payment, fields: Mapping[str, Any], *, names: tuple[str, ...]) -> None:
        ours = {
            "out_trade_no": payment.out_trade_no,
            "appid": self._merchant.appid,
            "mchid": self._merchant.mchid,
        }
        wrong = [name for name in names if fields.get(name) != ours[name]]
        if wrong:
            raise ChannelOutcomeUnknown(f"the answer names another {', '.join(wrong)}")
