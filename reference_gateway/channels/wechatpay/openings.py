"""
How a payment is opened at either of WeChat Pay's APIs: by its product, and what a refusal of our own number means.

The same order asks with the same fields every time, so that repeating an opening opens nothing new. Each product's
call is the API's own; it is not known here.

Facts: wechatpay/create-again, wechatpay/v2-repeat-create, wechatpay/h5
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import quote

from reference_gateway.channels.port import EndState, Opening, OpeningState, PayRequest, TradeReport, TradeState
from reference_gateway.channels.wechatpay.words import BARCODE
from reference_gateway.clock import Clock
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelRefused

# A reused number with other parameters, as documented and as merchants have met it.
USED_CODES = frozenset({"OUT_TRADE_NO_USED", "INVALID_REQUEST"})
SUBJECT_MAX = 127

Way = Callable[[Payment, PayRequest], Awaitable[Opening]]


class Standing(Protocol):
    """What is asked of an API's trades when an opening is refused."""

    async def query(self, payment: Payment) -> TradeReport: ...

    async def close(self, payment: Payment) -> EndState: ...


class Openings:
    """
    Opens payments.

    Args:
        ways: the API's call for each product that it has.
    """

    def __init__(self, trades: Standing, *, ways: Mapping[str, Way], clock: Clock) -> None:
        self._standing_of = trades
        self._ways = ways
        self._clock = clock

    @property
    def products(self) -> frozenset[str]:
        return frozenset(self._ways)

    async def __call__(self, payment: Payment, ask: PayRequest) -> Opening:
        """Open by the payment's product; one that turns out to be paid already is told as paid."""
        if payment.product not in self._ways:
            raise ChannelRefused(f"WeChat Pay has no product {payment.product}", code="unsupported")
        try:
            return await self._ways[payment.product](payment, ask)
        except ChannelRefused as error:
            if error.reason == "ORDERPAID" or error.reason in USED_CODES:
                return Opening(OpeningState.PAID, {}, await self._standing(payment, error))
            raise

    async def _standing(self, payment: Payment, refused: ChannelRefused) -> TradeReport:
        """
        Find out what a refusal of our own number means: paid, or something that must not stay payable.

        Facts: wechatpay/chaos
        """
        report = await self._standing_of.query(payment)
        if report.state is TradeState.WAITING and payment.product != BARCODE:
            if await self._standing_of.close(payment) is not EndState.PAID:
                raise refused
            report = await self._standing_of.query(payment)
        if report.state is not TradeState.PAID:
            raise refused
        return report

    def _stamp(self) -> str:
        return str(int(self._clock.now().timestamp()))


def opened_page(url: str, ask: PayRequest) -> Opening:
    """
    The page of an H5 payment, with the way back where there is one.

    Facts: wechatpay/h5
    """
    if ask.return_url:
        url += f"{'&' if '?' in url else '?'}redirect_url={quote(ask.return_url, safe='')}"
    return Opening(OpeningState.READY, {"url": url})


def openid_of(ask: PayRequest) -> str:
    """Return whom a payment inside WeChat is for."""
    if not ask.payer_id:
        raise ChannelRefused("a payment inside WeChat needs the buyer's openid as payer_id", code="payer_id_missing")
    return ask.payer_id


def shown_code_of(ask: PayRequest) -> str:
    """Return the code that the buyer shows."""
    if not ask.auth_code:
        raise ChannelRefused("a barcode payment needs the buyer's auth_code", code="auth_code_missing")
    return ask.auth_code
