"""
The two channels of Alipay: what they do is the same, how their calls travel is not.

Alipay's field names, codes and states live in this folder and nowhere else in the gateway. Whatever is not a verified
answer is an unknown outcome. Knows no database and no merchant API.

Facts: alipay/times, alipay/notify-ack, alipay/states, alipay/unknown-outcome
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reference_gateway.channels.alipay.answers import Answer
from reference_gateway.channels.alipay.bills import Bills
from reference_gateway.channels.alipay.gateway import SignedParams, V2Caller
from reference_gateway.channels.alipay.http import AlipayHttp
from reference_gateway.channels.alipay.merchant import AlipayMerchant
from reference_gateway.channels.alipay.notify import NotifyReader
from reference_gateway.channels.alipay.openapi import V3Caller
from reference_gateway.channels.alipay.openings import Caller, Openings
from reference_gateway.channels.alipay.signing import NotifyVerifier, PlatformKeys
from reference_gateway.channels.alipay.transfers import Transfers
from reference_gateway.channels.alipay.words import TRADE_STATES, beijing_time
from reference_gateway.channels.partial import PartialChannel
from reference_gateway.channels.port import (
    BillRow,
    EndState,
    NotifyReply,
    Opening,
    PayoutReport,
    PayRequest,
    RefundReport,
    RefundState,
    TradeReport,
    TradeState,
)
from reference_gateway.clock import Clock
from reference_gateway.domain.money import fen_of_yuan_text, yuan_text_of_fen
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable
from reference_gateway.ids import Ids, RandomIds

NO_TRADE = frozenset({"ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"})
NOT_WAITING = frozenset({"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS"})
ENDS: Mapping[TradeState, EndState] = {
    TradeState.PAID: EndState.PAID,
    TradeState.WAITING: EndState.WAITING,
    TradeState.CLOSED: EndState.CLOSED,
    TradeState.MISSING: EndState.MISSING,
}
CANCELLED: Mapping[str, EndState] = {"close": EndState.CLOSED, "refund": EndState.GIVEN_BACK}
OPERATIONS = frozenset(
    {
        "query",
        "close",
        "reverse",
        "refund",
        "query_refund",
        "transfer",
        "query_transfer",
        "parse_notify",
        "download_bill",
    }
)


class _Alipay(PartialChannel):
    """What both channels do; pre-authorisation is not among it, as the facts do not tell its calls."""

    reply = NotifyReply(accepted=b"success", refused=b"fail")

    def __init__(
        self,
        merchant: AlipayMerchant,
        *,
        call: Caller,
        pay_out: Caller,
        params: SignedParams,
        http: AlipayHttp,
        notify_verifier: NotifyVerifier,
    ) -> None:
        self._http = http
        self._call = call
        self._open = Openings(merchant.gateway_url, call=call, params=params, query=self.query)
        self._transfers = Transfers(pay_out)
        self._bills = Bills(call, http)
        self._read_notify = NotifyReader(
            self.name, app_id=merchant.app_id, seller_id=merchant.seller_id, verify=notify_verifier
        )

    def supports(self) -> frozenset[str]:
        return OPERATIONS | self._open.products

    async def start(self) -> None:
        await self._http.start()

    async def stop(self) -> None:
        await self._http.stop()

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        return await self._open(payment, ask)

    async def query(self, payment: Payment) -> TradeReport:
        """
        Ask how the trade stands.

        Facts: alipay/query, alipay/states
        """
        answer = await self._call("alipay.trade.query", {"out_trade_no": payment.out_trade_no})
        if answer.sub_code in NO_TRADE:
            return TradeReport(state=TradeState.MISSING)
        answer.require_done()
        return _trade(payment, answer)

    async def close(self, payment: Payment) -> EndState:
        """
        End a trade that waits. One that does not wait is asked about; a code that nobody scanned is no trade at all,
        and only cancelling its number kills it.

        Facts: alipay/close, alipay/cancel
        """
        answer = await self._call("alipay.trade.close", {"out_trade_no": payment.out_trade_no})
        if answer.sub_code in NO_TRADE:
            return await self.reverse(payment) if payment.product == "qr" else EndState.MISSING
        if answer.sub_code in NOT_WAITING:
            return ENDS[(await self.query(payment)).state]
        answer.require_done()
        return EndState.CLOSED

    async def reverse(self, payment: Payment) -> EndState:
        """
        Cancel: unpaid it is closed, paid it is given back whole.

        Facts: alipay/cancel
        """
        answer = await self._call("alipay.trade.cancel", {"out_trade_no": payment.out_trade_no})
        if answer.sub_code == "ACQ.REASON_TRADE_REFUND_FEE_ERR":
            return EndState.PAID  # given back in part before, so it was paid
        answer.require_done()
        if answer.get("retry_flag") == "Y":
            raise ChannelUnavailable("the channel asks to cancel again", code="cancel_again")
        if not answer.get("action"):
            return EndState.CLOSED if payment.product == "qr" else EndState.MISSING
        if answer.get("action") not in CANCELLED:
            raise ChannelOutcomeUnknown(f"cancel was answered with the action {answer.get('action')!r}")
        return CANCELLED[answer.get("action")]

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for the refund; 10000 alone moves nothing, `fund_change` Y does.

        A trade that a cancel gave back whole cannot be refunded, and need not be: then this refund is what was done.

        Facts: alipay/refund, alipay/cancel
        """
        business = {
            "out_trade_no": payment.out_trade_no,
            "refund_amount": yuan_text_of_fen(refund.amount_fen),
            "out_request_no": refund.out_request_no,
        }
        if refund.reason:
            business["refund_reason"] = refund.reason
        answer = await self._call("alipay.trade.refund", business)
        whole = refund.amount_fen == payment.amount_fen
        if answer.sub_code == "ACQ.TRADE_HAS_CLOSE" and whole and await self._was_given_back(payment):
            return RefundReport(RefundState.SUCCEEDED)
        answer.require_done()
        if answer.get("out_trade_no") != payment.out_trade_no:
            raise ChannelOutcomeUnknown("the refund was answered for another order")
        moved = answer.get("fund_change") == "Y"
        return RefundReport(RefundState.SUCCEEDED if moved else RefundState.UNCONFIRMED)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for one refund; an answer without refund fields means that there is none, or none yet. Where there is no
        trade there is no refund of it either.

        Facts: alipay/refund-query
        """
        answer = await self._call(
            "alipay.trade.fastpay.refund.query",
            {"out_trade_no": payment.out_trade_no, "out_request_no": refund.out_request_no},
        )
        if answer.sub_code in NO_TRADE:
            return RefundReport(RefundState.MISSING)
        answer.require_done()
        if answer.get("refund_status") != "REFUND_SUCCESS":
            return RefundReport(RefundState.MISSING)
        try:
            same = fen_of_yuan_text(answer.get("refund_amount")) == refund.amount_fen
        except ValueError as error:
            raise ChannelOutcomeUnknown(f"the refund query's answer cannot be read: {error}") from error
        if not same or answer.get("out_request_no") != refund.out_request_no:
            raise ChannelOutcomeUnknown("the refund query was answered for another refund")
        return RefundReport(RefundState.SUCCEEDED)

    async def transfer(self, payout: Payout) -> PayoutReport:
        return await self._transfers.transfer(payout)

    async def query_transfer(self, payout: Payout) -> PayoutReport:
        return await self._transfers.query(payout)

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        return await self._bills(day)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Read a notify; its headers say nothing, as the content type is malformed by tradition."""
        del headers
        return self._read_notify(body)

    async def _was_given_back(self, payment: Payment) -> bool:
        """Tell whether the trade was paid and is closed all the same: refunded in full, by whatever number."""
        answer = await self._call("alipay.trade.query", {"out_trade_no": payment.out_trade_no})
        answer.require_done()
        return answer.get("trade_status") == "TRADE_CLOSED" and bool(answer.get("send_pay_date"))


def _trade(payment: Payment, answer: Answer) -> TradeReport:
    try:
        state = TRADE_STATES[answer.fields["trade_status"]]
        amount_fen = fen_of_yuan_text(answer.fields["total_amount"])
        trade_no, order_no = answer.fields["trade_no"], answer.fields["out_trade_no"]
        paid_at = beijing_time(answer.fields["send_pay_date"]) if answer.get("send_pay_date") else None
    except (KeyError, TypeError, ValueError) as error:
        raise ChannelOutcomeUnknown(f"the query's answer cannot be read: {error}") from error
    if order_no != payment.out_trade_no:
        raise ChannelOutcomeUnknown("the query was answered for another order")
    given_back = state is TradeState.CLOSED and paid_at is not None
    if given_back:
        state = TradeState.PAID  # paid, then refunded in full; the payment happened
    return TradeReport(
        state=state,
        channel_trade_no=str(trade_no),
        amount_fen=amount_fen,
        paid_at=paid_at,
        given_back=given_back,
    )


def _keys(merchant: AlipayMerchant) -> PlatformKeys:
    by_serial = {} if merchant.certificates is None else merchant.certificates.alipay_keys
    return PlatformKeys(merchant.alipay_public_key, by_serial)


class AlipayChannel(_Alipay):
    """Alipay over its v2 gateway."""

    name = "alipay"

    def __init__(
        self,
        merchant: AlipayMerchant,
        *,
        clock: Clock,
        timeout_s: float = 8.0,
        notify_verifier: NotifyVerifier | None = None,
    ) -> None:
        http, usual = AlipayHttp(timeout_s), merchant.without_certificates()

        def caller(who: AlipayMerchant) -> V2Caller:
            return V2Caller(who, params=SignedParams(who, clock), http=http, keys=_keys(who))

        super().__init__(
            merchant,
            call=caller(usual),
            pay_out=caller(merchant),
            params=SignedParams(usual, clock),
            http=http,
            notify_verifier=notify_verifier or _keys(usual).verify_notify,
        )


class AlipayV3Channel(_Alipay):
    """Alipay over OpenAPI v3; pages and phones still take v2's links."""

    name = "alipay_v3"

    def __init__(
        self,
        merchant: AlipayMerchant,
        *,
        clock: Clock,
        ids: Ids | None = None,
        timeout_s: float = 8.0,
        notify_verifier: NotifyVerifier | None = None,
    ) -> None:
        http, usual, nonces = AlipayHttp(timeout_s), merchant.without_certificates(), ids or RandomIds()

        def caller(who: AlipayMerchant) -> V3Caller:
            return V3Caller(who, clock=clock, ids=nonces, http=http, keys=_keys(who))

        super().__init__(
            merchant,
            call=caller(usual),
            pay_out=caller(merchant),
            params=SignedParams(usual, clock),
            http=http,
            notify_verifier=notify_verifier or _keys(usual).verify_notify,
        )
