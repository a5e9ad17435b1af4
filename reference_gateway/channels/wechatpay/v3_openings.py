"""
How a payment is opened at API v3, product by product, and what the buyer's side is handed.

The same order asks with the same body every time, so that repeating an opening opens nothing new: what could differ,
the buyer's last moment, is the order's own and not counted from now.

Facts: wechatpay/create, wechatpay/create-again, wechatpay/time-expire, wechatpay/client-sign, wechatpay/h5,
wechatpay/codepay
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reference_gateway.channels.port import Opening, OpeningState, PayRequest, TradeState
from reference_gateway.channels.wechatpay.merchant import V3Merchant
from reference_gateway.channels.wechatpay.openings import (
    SUBJECT_MAX,
    Openings,
    Way,
    opened_page,
    openid_of,
    shown_code_of,
)
from reference_gateway.channels.wechatpay.v3_client import V3Client
from reference_gateway.channels.wechatpay.v3_signing import lines_text, sign
from reference_gateway.channels.wechatpay.v3_trades import ORDERS, V3Trades
from reference_gateway.channels.wechatpay.words import rfc3339
from reference_gateway.clock import Clock
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused


class V3Openings(Openings):
    """Opens payments."""

    def __init__(
        self, client: V3Client, trades: V3Trades, merchant: V3Merchant, *, clock: Clock, nonce: Callable[[], str]
    ) -> None:
        ways: Mapping[str, Way] = {
            "qr": self._native,
            "jsapi": self._jsapi,
            "app": self._app,
            "h5": self._h5,
            "barcode": self._codepay,
        }
        super().__init__(trades, ways=ways, clock=clock)
        self._client = client
        self._trades = trades
        self._merchant = merchant
        self._nonce = nonce

    async def _native(self, payment: Payment, ask: PayRequest) -> Opening:
        return Opening(OpeningState.READY, {"qr_code": await self._create("native", "code_url", payment, ask)})

    async def _h5(self, payment: Payment, ask: PayRequest) -> Opening:
        scene = {"payer_client_ip": ask.client_ip, "h5_info": {"type": "Wap"}}
        url = await self._create("h5", "h5_url", payment, ask, scene_info=scene)
        return opened_page(url, ask)

    async def _jsapi(self, payment: Payment, ask: PayRequest) -> Opening:
        openid = openid_of(ask)
        prepay_id = await self._create("jsapi", "prepay_id", payment, ask, payer={"openid": openid})
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
        auth_code = shown_code_of(ask)
        body = self._order(payment) | {
            "payer": {"auth_code": auth_code},
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
            "description": payment.subject[:SUBJECT_MAX],
            "out_trade_no": payment.out_trade_no,
            "amount": {"total": payment.amount_fen, "currency": payment.currency},
        }
