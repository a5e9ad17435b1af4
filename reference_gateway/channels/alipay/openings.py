"""
How a payment is opened at Alipay, product by product: calls, links that the buyer's side opens, barcodes.

Facts: alipay/precreate, alipay/create, alipay/pay, alipay/page-pays, alipay/timeouts, alipay/repeat-create
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from reference_gateway.channels.alipay.answers import IN_PROCESS, Answer
from reference_gateway.channels.alipay.gateway import SignedParams
from reference_gateway.channels.alipay.words import beijing_text
from reference_gateway.channels.port import Opening, OpeningState, PayRequest, TradeReport, TradeState
from reference_gateway.domain.money import yuan_text_of_fen
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

_USER_ID = re.compile(r"2088[0-9]{12}", re.ASCII)


class Caller(Protocol):
    """Makes a signed call under v2's method name, over whichever interface."""

    async def __call__(self, method: str, business: Mapping[str, Any], *, notify_url: str = "") -> Answer: ...


class Openings:
    """Opens payments; repeating an opening under the same number opens nothing new."""

    def __init__(
        self,
        gateway_url: str,
        *,
        call: Caller,
        params: SignedParams,
        query: Callable[[Payment], Awaitable[TradeReport]],
    ) -> None:
        self._gateway_url = gateway_url
        self._call = call
        self._params = params
        self._query = query
        self._ways: Mapping[str, Callable[[Payment, PayRequest], Awaitable[Opening]]] = {
            "qr": self._qr,
            "page": self._page,
            "wap": self._wap,
            "app": self._app,
            "jsapi": self._jsapi,
            "barcode": self._barcode,
        }

    @property
    def products(self) -> frozenset[str]:
        return frozenset(self._ways)

    async def __call__(self, payment: Payment, ask: PayRequest) -> Opening:
        """Open by the payment's product."""
        if payment.product not in self._ways:
            raise ChannelRefused(f"Alipay has no product {payment.product}", code="unsupported")
        return await self._ways[payment.product](payment, ask)

    async def _qr(self, payment: Payment, ask: PayRequest) -> Opening:
        business = _order(payment) | _timeout(ask)
        answer = await self._call("alipay.trade.precreate", business, notify_url=ask.notify_url)
        answer.require_done()
        qr_code = answer.fields.get("qr_code")
        if not isinstance(qr_code, str) or not qr_code or answer.get("out_trade_no") != payment.out_trade_no:
            raise ChannelOutcomeUnknown("precreate was answered without a QR code for this order")
        return Opening(OpeningState.READY, {"qr_code": qr_code})

    async def _jsapi(self, payment: Payment, ask: PayRequest) -> Opening:
        if not ask.payer_id:
            raise ChannelRefused("a payment inside a mini program needs payer_id", code="payer_id_missing")
        who = "buyer_id" if _USER_ID.fullmatch(ask.payer_id) else "buyer_open_id"
        business = _order(payment) | _timeout(ask) | {"product_code": "JSAPI_PAY", who: ask.payer_id}
        answer = await self._call("alipay.trade.create", business, notify_url=ask.notify_url)
        answer.require_done()
        if not answer.get("trade_no") or answer.get("out_trade_no") != payment.out_trade_no:
            raise ChannelOutcomeUnknown("create was answered without a trade for this order")
        return Opening(OpeningState.READY, {"tradeNO": answer.get("trade_no")})

    async def _page(self, payment: Payment, ask: PayRequest) -> Opening:
        return self._link("alipay.trade.page.pay", payment, ask, {"product_code": "FAST_INSTANT_TRADE_PAY"})

    async def _wap(self, payment: Payment, ask: PayRequest) -> Opening:
        business = {"product_code": "QUICK_WAP_WAY"}
        if ask.return_url:
            business["quit_url"] = ask.return_url
        return self._link("alipay.trade.wap.pay", payment, ask, business)

    async def _app(self, payment: Payment, ask: PayRequest) -> Opening:
        business = _order(payment) | _expiry(payment) | {"product_code": "QUICK_MSECURITY_PAY"}
        order_string = self._params.query("alipay.trade.app.pay", business, notify_url=ask.notify_url)
        return Opening(OpeningState.READY, {"order_string": order_string})

    def _link(self, method: str, payment: Payment, ask: PayRequest, business: Mapping[str, str]) -> Opening:
        query = self._params.query(
            method,
            {**_order(payment), **_expiry(payment), **business},
            notify_url=ask.notify_url,
            return_url=ask.return_url,
        )
        return Opening(OpeningState.READY, {"url": f"{self._gateway_url}?{query}"})

    async def _barcode(self, payment: Payment, ask: PayRequest) -> Opening:
        """
        Charge a barcode. A payment that is answered as made may still be rolled back, so the query has the last word.

        Facts: alipay/pay, alipay/chaos
        """
        if not ask.auth_code:
            raise ChannelRefused("a barcode payment needs the buyer's auth_code", code="auth_code_missing")
        business = _order(payment) | _timeout(ask) | {"auth_code": ask.auth_code, "scene": "bar_code"}
        answer = await self._call("alipay.trade.pay", business, notify_url=ask.notify_url)
        if answer.code == IN_PROCESS:
            return Opening(OpeningState.WAITING, {})
        answer.require_done()
        try:
            report = await self._query(payment)
        except (ChannelOutcomeUnknown, ChannelUnavailable, ChannelRefused):
            return Opening(OpeningState.WAITING, {})
        if report.state is TradeState.PAID:
            return Opening(OpeningState.PAID, {}, report)
        return Opening(OpeningState.WAITING, {})


def _order(payment: Payment) -> dict[str, str]:
    return {
        "out_trade_no": payment.out_trade_no,
        "total_amount": yuan_text_of_fen(payment.amount_fen),
        "subject": payment.subject,
    }


def _timeout(ask: PayRequest) -> dict[str, str]:
    return {"timeout_express": f"{max(1, -(-ask.ttl_s // 60))}m"}


def _expiry(payment: Payment) -> dict[str, str]:
    """A link's trade is made when the buyer arrives, so only a fixed moment ends it when our order ends."""
    return {"time_expire": beijing_text(payment.expires_at)}
