"""
UnionPay as a payment channel: one for each way to sign, otherwise the same.

A transaction is named by its number and its txnTime for ever, so a repeated call is recognised there (12) and asked
about. UnionPay has no close: a payment ends when its payTimeout has passed and a query says so. What was paid today can
be undone whole; later it is refunded.

Facts: unionpay/transactions, unionpay/back-type, unionpay/duplicates, unionpay/pay-timeout
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reference_gateway.channels.partial import PartialChannel
from reference_gateway.channels.port import (
    BillRow,
    EndState,
    NotifyReply,
    Opening,
    PayRequest,
    RefundReport,
    RefundState,
    TradeReport,
    TradeState,
)
from reference_gateway.channels.unionpay.answers import Found, is_repetition, require_done
from reference_gateway.channels.unionpay.bill import rows_of
from reference_gateway.channels.unionpay.caller import Caller
from reference_gateway.channels.unionpay.endings import Endings
from reference_gateway.channels.unionpay.merchant import CURRENCY, Door, UnionPayMerchant, txn_time
from reference_gateway.channels.unionpay.notify import NotifyReader
from reference_gateway.channels.unionpay.numbers import (
    COMPLETE,
    CONSUME,
    PREAUTH,
    REFUND,
    number_of,
    refund_mark,
)
from reference_gateway.channels.unionpay.openings import PRODUCTS, Openings, product_of
from reference_gateway.channels.unionpay.sensitive import EncryptionKeys
from reference_gateway.channels.unionpay.standing import Standing, paid
from reference_gateway.clock import Clock
from reference_gateway.domain.money import Fen
from reference_gateway.domain.notice import Notice
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.refund import Refund
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable

OPERATIONS = frozenset(
    {"query", "reverse", "refund", "query_refund", "preauth", "capture", "parse_notify", "download_bill"}
)
NO_FILE = "98"
REFUND_STATES: Mapping[Found, RefundState] = {
    Found.DONE: RefundState.SUCCEEDED,
    Found.OPEN: RefundState.PROCESSING,
    Found.FAILED: RefundState.FAILED,
    Found.LATE: RefundState.FAILED,
    Found.MISSING: RefundState.MISSING,
}


class UnionPayChannel(PartialChannel):
    """
    The ChannelPort of UnionPay.

    Args:
        encryption: what encrypts sensitive fields; None where the way to sign allows none.
        back_url: where refunds and undoings are told; until it is known, the notify address of the latest payment.
    """

    reply = NotifyReply(accepted=b"ok", refused=b"fail")

    def __init__(
        self,
        name: str,
        merchant: UnionPayMerchant,
        *,
        clock: Clock,
        timeout_s: float = 8.0,
        encryption: EncryptionKeys | None = None,
        back_url: str = "",
    ) -> None:
        self.name = name
        self._merchant = merchant
        self._clock = clock
        self._back_url = back_url
        self._caller = Caller(merchant, clock=clock, timeout_s=timeout_s)
        self._standing = Standing(merchant, self._caller, clock)
        self._open = Openings(merchant, self._caller, encryption)
        self._end = Endings(merchant, self._caller, self._standing)
        self._read_notify = NotifyReader(name, merchant, clock)

    def supports(self) -> frozenset[str]:
        has_not = frozenset() if self._merchant.file_url else frozenset({"download_bill"})
        return (OPERATIONS | PRODUCTS.keys()) - has_not

    async def start(self) -> None:
        await self._caller.start()

    async def stop(self) -> None:
        await self._caller.stop()

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        self._back_url = self._back_url or ask.notify_url
        return await self._open(payment, ask, txn_type=CONSUME, update_at=txn_time(self._clock.now()))

    async def query(self, payment: Payment) -> TradeReport:
        return await self._standing.report(payment)

    async def reverse(self, payment: Payment) -> EndState:
        return await self._end(payment, self._back_url)

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for the refund; 00 means accepted, and a repetition is asked about.

        Facts: unionpay/refund, unionpay/back-type, unionpay/duplicates
        """
        product = product_of(payment)
        fields = {
            **self._merchant.common(REFUND, "00", product.biz_type),
            "orderId": refund.out_request_no,
            "txnTime": txn_time(refund.created_at),
            "channelType": product.channel_type,
            "txnAmt": str(refund.amount_fen),
            **_original(payment),
            "backUrl": self._back_url,
            "reqReserved": refund_mark(payment),
        }
        answer = await self._caller.ask(f"{self._merchant.url}{Door.BACK}", fields)
        if is_repetition(answer):
            report = await self.query_refund(payment, refund)
            if report.state is RefundState.MISSING:
                raise ChannelOutcomeUnknown("the refund came before, and cannot be found yet", code=answer["respCode"])
            return report
        require_done(answer)
        return RefundReport(RefundState.PROCESSING, answer.get("queryId", ""))

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        """
        Ask for one refund by its own number; the payment's state never shows it.

        Facts: unionpay/query
        """
        found, answer = await self._standing.find(refund.out_request_no, txn_time(refund.created_at))
        if found is Found.DONE:
            told = (answer.get("txnType"), answer.get("txnAmt"), answer.get("reqReserved", refund_mark(payment)))
            if told != (REFUND, str(refund.amount_fen), refund_mark(payment)):
                raise ChannelOutcomeUnknown("the refund query was answered for another refund")
        return RefundReport(REFUND_STATES[found], answer.get("queryId", ""))

    async def preauth(self, payment: Payment, ask: PayRequest) -> Opening:
        self._back_url = self._back_url or ask.notify_url
        return await self._open(payment, ask, txn_type=PREAUTH, update_at=txn_time(self._clock.now()))

    async def capture(self, payment: Payment, amount_fen: Fen) -> TradeReport:
        """
        Complete a pre-authorisation; 00 means accepted, so the completion is asked about before it is believed.

        Facts: unionpay/preauth-rules, unionpay/back-type
        """
        product = product_of(payment)
        fields = {
            **self._merchant.common(COMPLETE, "00", product.biz_type),
            "orderId": number_of(payment, COMPLETE),
            "txnTime": txn_time(payment.created_at),
            "channelType": product.channel_type,
            "txnAmt": str(amount_fen),
            "currencyCode": CURRENCY,
            **_original(payment),
            "backUrl": self._back_url,
        }
        answer = await self._caller.ask(f"{self._merchant.url}{Door.BACK}", fields)
        if not is_repetition(answer):
            require_done(answer)
        found, completion = await self._standing.beside(payment, COMPLETE)
        if found is Found.DONE:
            return paid(completion)
        if found is Found.FAILED:
            return TradeReport(state=TradeState.CLOSED)
        return TradeReport(state=TradeState.WAITING)

    def parse_notify(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """Read a notify; whatever its headers and the address's query say, only the body is signed."""
        del headers
        return self._read_notify(body)

    async def download_bill(self, day: date) -> tuple[BillRow, ...]:
        """
        Fetch the file of one settlement day, which ends an hour before midnight.

        Facts: unionpay/file-request, unionpay/settle-date
        """
        if not self._merchant.file_url:
            self._lacks("bills; GATEWAY_UNIONPAY_FILE_URL names no file host")
        fields = {
            **self._merchant.common("76", "01", "000000"),
            "txnTime": txn_time(self._clock.now()),
            "fileType": "00",
            "settleDate": f"{day:%m%d}",
        }
        answer = await self._caller.ask(self._merchant.file_url, fields)
        if answer.get("respCode") == NO_FILE:
            raise ChannelUnavailable("there is no file: it is not ready, or nothing happened that day", code=NO_FILE)
        require_done(answer)
        if answer.get("settleDate") != fields["settleDate"]:
            raise ChannelOutcomeUnknown("the file is another day's")
        return rows_of(answer.get("fileContent", ""), day)


def _original(payment: Payment) -> dict[str, str]:
    """
    Name the original: by UnionPay's number where we know it, else by ours.

    Facts: unionpay/original
    """
    if payment.channel_trade_no:
        return {"origQryId": payment.channel_trade_no}
    return {"origOrderId": payment.out_trade_no, "origTxnTime": txn_time(payment.created_at)}
