"""
What both of WeChat Pay's channels do alike: which operations there are, and who carries each out.

How an order is ended hangs on its product only: a payment by code has no close, any other has no reversal.
"""

from __future__ import annotations

from typing import Protocol

from reference_gateway.channels.partial import PartialChannel
from reference_gateway.channels.port import EndState, Opening, PayoutReport, PayRequest, RefundReport, TradeReport
from reference_gateway.channels.wechatpay.openings import Openings, Standing
from reference_gateway.channels.wechatpay.words import BARCODE, ENDS
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.refund import Refund

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


class Client(Protocol):
    """The connections of one API."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Trades(Standing, Protocol):
    """The orders and refunds of one API."""

    async def reverse(self, payment: Payment) -> EndState: ...

    async def refund(self, payment: Payment, refund: Refund, *, notify_url: str) -> RefundReport: ...

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport: ...


class Payouts(Protocol):
    """The transfers of one API."""

    async def transfer(self, payout: Payout) -> PayoutReport: ...

    async def query(self, payout: Payout) -> PayoutReport: ...


class WechatChannel(PartialChannel):
    """
    The ChannelPort but for notifies and bills, which are each API's own.

    Args:
        refund_notify_url: where refunds are told; learnt from the first payment where it is empty.
    """

    def __init__(
        self, client: Client, trades: Trades, openings: Openings, *, payouts: Payouts, refund_notify_url: str
    ) -> None:
        self._connections = client
        self._orders = trades
        self._openings = openings
        self._payouts = payouts
        self._refund_notify_url = refund_notify_url

    def supports(self) -> frozenset[str]:
        return self._openings.products | OPERATIONS

    async def start(self) -> None:
        await self._connections.start()

    async def stop(self) -> None:
        await self._connections.stop()

    async def pay(self, payment: Payment, ask: PayRequest) -> Opening:
        # A gateway that was not told its public address learns it here.
        self._refund_notify_url = self._refund_notify_url or ask.notify_url
        return await self._openings(payment, ask)

    async def query(self, payment: Payment) -> TradeReport:
        return await self._orders.query(payment)

    async def close(self, payment: Payment) -> EndState:
        """
        End an unpaid order; a payment by code has no close and is reversed, unless it is found paid.

        Facts: wechatpay/close, wechatpay/codepay, wechatpay/v2-closeorder, wechatpay/v2-reverse
        """
        if payment.product != BARCODE:
            return await self._orders.close(payment)
        end = ENDS[(await self._orders.query(payment)).state]
        return await self._orders.reverse(payment) if end is EndState.WAITING else end

    async def reverse(self, payment: Payment) -> EndState:
        """
        Take a payment by code back. Other orders have no reversal and are closed.

        Facts: wechatpay/codepay, wechatpay/v2-reverse
        """
        if payment.product != BARCODE:
            return await self._orders.close(payment)
        return await self._orders.reverse(payment)

    async def refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._orders.refund(payment, refund, notify_url=self._refund_notify_url)

    async def query_refund(self, payment: Payment, refund: Refund) -> RefundReport:
        return await self._orders.query_refund(payment, refund)

    async def transfer(self, payout: Payout) -> PayoutReport:
        return await self._payouts.transfer(payout)

    async def query_transfer(self, payout: Payout) -> PayoutReport:
        return await self._payouts.query(payout)
