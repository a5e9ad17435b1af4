"""
How a payment is opened at API v3, product by product, and what the buyer's side is handed.

The same order asks with the same body every time, so that repeating an opening opens nothing new: what could differ,
the buyer's last moment, is the order's own and not counted from now.

Facts: wechatpay/create, wechatpay/create-again, wechatpay/time-expire, wechatpay/client-sign, wechatpay/h5,
wechatpay/codepay
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from reference_gateway.channels.port import EndState, Opening, OpeningState, PayRequest, TradeReport, TradeState
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.v3_client import V3Client
from reference_gateway.channels.wechatpay.v3_signing import lines_text, sign
from reference_gateway.channels.wechatpay.v3_trades import ORDERS, V3Trades
from reference_gateway.channels.wechatpay.words import rfc3339
from reference_gateway.clock import Clock
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused

DESCRIPTION_MAX = 127
# A reused number with other parameters, as documented and as merchants have met it. Facts: wechatpay/create-again
USED_CODES = frozenset({"OUT_TRADE_NO_USED", "INVALID_REQUEST"})


class V3Openings:
    """Opens payments."""

    def __init__(
        self, client: V3Client, trades: V3Trades, merchant: V3Merchant, *, clock: Clock, nonce: Callable[[], str]
    ) -> None:
        self._client = client
        self._trades = trades
        self._merchant = merchant
        self._clock = clock
        self._nonce = nonce
        self._ways: Mapping[str, Callable[[Payment, PayRequest], Awaitable[Opening]]] = {
            "qr": self._native,
            "jsapi": self._jsapi,
            "app": self._app,
            "h5": self._h5,
            "barcode": self._codepay,
        }

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
                report = await self._standing(payment, error)
                return Opening(OpeningState.PAID, {}, report)
            raise

    async def _standing(self, payment: Payment, refused: ChannelRefused) -> TradeReport:
        """
        Find out what a refusal of our own number means: paid, or something that must not stay payable.

        Facts: wechatpay/chaos
        """
        report = await self._trades.query(payment)
        if report.state is TradeState.WAITING and payment.product != "barcode":
            if await self._trades.close(payment) is not EndState.PAID:
                raise refused
            report = await self._trades.query(payment)
        if report.state is not TradeState.PAID:
            raise refused
        return report

    async def _native(self, payment: Payment, ask: PayRequest) -> Opening:
        return Opening(OpeningState.READY, {"qr_code": await self._create("native", "code_url", payment, ask)})

    async def _h5(self, payment: Payment, ask: PayRequest) -> Opening:
        scene = {"payer_client_ip": ask.client_ip, "h5_info": {"type": "Wap"}}
        url = await self._create("h5", "h5_url", payment, ask, scene_info=scene)
        if ask.return_url:
            url += f"{'&' if '?' in url else '?'}redirect_url={quote(ask.return_url, safe='')}"
        return Opening(OpeningState.READY, {"url": url})

    async def _jsapi(self, payment: Payment, ask: PayRequest) -> Opening:
        if not ask.payer_id:
            raise ChannelRefused(
                "a payment inside WeChat needs the buyer's openid as payer_id", code="payer_id_missing"
            )
        prepay_id = await self._create("jsapi", "prepay_id", payment, ask, payer={"openid": ask.payer_id})
        stamp, nonce, package = self._stamp(), self._nonce(), f"prepay_id={prepay_id}"
        text = lines_text(self._merchant.appid, stamp, nonce, package)
        return Opening(
            OpeningState.READY,
            {
                "appId": self._merchant.appid,
                "timeStamp": stamp,
                "nonceStr": nonce,
                "package": package,
                "signType": "RSA",
                "paySign": sign(self._merchant.private_key, text),
            },
        )

    async def _app(self, payment: Payment, ask: PayRequest) -> Opening:
        prepay_id = await self._create("app", "prepay_id", payment, ask)
        stamp, nonce = self._stamp(), self._nonce()
        text = lines_text(self._merchant.appid, stamp, nonce, prepay_id)
        return Opening(
            OpeningState.READY,
            {
                "appid": self._merchant.appid,
                "partnerid": self._merchant.mchid,
                "prepayid": prepay_id,
                "package": "Sign=WXPay",
                "noncestr": nonce,
                "timestamp": stamp,
                "sign": sign(self._merchant.private_key, text),
            },
        )

    async def _codepay(self, payment: Payment, ask: PayRequest) -> Opening:
        """
        Charge a shown code. It is not notified, so whatever is not paid now is asked about.

        Facts: wechatpay/codepay
        """
        if not ask.auth_code:
            raise ChannelRefused("a barcode payment needs the buyer's auth_code", code="auth_code_missing")
        body = self._order(payment) | {
            "payer": {"auth_code": ask.auth_code},
            "scene_info": {"payer_client_ip": ask.client_ip},
        }
        try:
            answer = await self._client.call("codepay", "POST", f"{ORDERS}/codepay", body)
        except ChannelOutcomeUnknown as error:
            if error.reason == "USER_PAYING":
                return Opening(OpeningState.WAITING, {})
            raise
        if answer.status == 202:
            return Opening(OpeningState.WAITING, {})
        report = self._trades.report(payment, answer.fields)
        if report.state is TradeState.PAID:
            return Opening(OpeningState.PAID, {}, report)
        if report.state is TradeState.CLOSED:
            raise ChannelRefused("the buyer's bank refused", code=str(answer.fields.get("trade_state")))
        return Opening(OpeningState.WAITING, {})

    async def _create(self, path: str, gives: str, payment: Payment, ask: PayRequest, **more: Any) -> str:
        body = self._order(payment) | {
            "time_expire": rfc3339(payment.expires_at),
            "notify_url": ask.notify_url,
            **more,
        }
        answer = await self._client.call("create", "POST", f"{ORDERS}/{path}", body)
        given = answer.fields.get(gives)
        if not isinstance(given, str) or not given:
            raise ChannelOutcomeUnknown(f"create was answered without a {gives}")
        return given

    def _order(self, payment: Payment) -> dict[str, Any]:
        return {
            "appid": self._merchant.appid,
            "mchid": self._merchant.mchid,
            "description": payment.subject[:DESCRIPTION_MAX],
            "out_trade_no": payment.out_trade_no,
            "amount": {"total": payment.amount_fen, "currency": payment.currency},
        }

    def _stamp(self) -> str:
        return str(int(self._clock.now().timestamp()))
