"""
How a payment is opened at the XML API, product by product, and what the buyer's side is handed.

The same order asks with the same fields every time, but for nonce and digest, so that repeating an opening opens
nothing new.

Facts: wechatpay/v2-unifiedorder, wechatpay/v2-repeat-create, wechatpay/v2-client-sign, wechatpay/v2-micropay,
wechatpay/h5
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reference_gateway.channels.port import Opening, OpeningState, PayRequest, TradeState
from reference_gateway.channels.wechatpay.merchant import V2Merchant
from reference_gateway.channels.wechatpay.openings import (
    SUBJECT_MAX,
    Openings,
    Way,
    opened_page,
    openid_of,
    shown_code_of,
)
from reference_gateway.channels.wechatpay.v2_client import V2Client
from reference_gateway.channels.wechatpay.v2_signing import digest
from reference_gateway.channels.wechatpay.v2_trades import V2Trades
from reference_gateway.channels.wechatpay.words import compact
from reference_gateway.clock import Clock
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import ChannelOutcomeUnknown


class V2Openings(Openings):
    """Opens payments."""

    def __init__(
        self, client: V2Client, trades: V2Trades, merchant: V2Merchant, *, clock: Clock, nonce: Callable[[], str]
    ) -> None:
        ways: Mapping[str, Way] = {
            "qr": self._native,
            "jsapi": self._jsapi,
            "app": self._app,
            "h5": self._mweb,
            "barcode": self._micropay,
        }
        super().__init__(trades, ways=ways, clock=clock)
        self._client = client
        self._trades = trades
        self._merchant = merchant
        self._nonce = nonce

    async def _native(self, payment: Payment, ask: PayRequest) -> Opening:
        answer = await self._order("NATIVE", payment, ask, product_id=payment.out_trade_no)
        return Opening(OpeningState.READY, {"qr_code": _given(answer, "code_url")})

    async def _mweb(self, payment: Payment, ask: PayRequest) -> Opening:
        answer = await self._order("MWEB", payment, ask, scene_info='{"h5_info":{"type":"Wap"}}')
        url = _given(answer, "mweb_url")
        return opened_page(url, ask)

    async def _jsapi(self, payment: Payment, ask: PayRequest) -> Opening:
        openid = openid_of(ask)
        answer = await self._order("JSAPI", payment, ask, openid=openid)
        params = {
            "appId": self._merchant.appid,
            "timeStamp": self._stamp(),
            "nonceStr": self._nonce(),
            "package": f"prepay_id={_given(answer, 'prepay_id')}",
            "signType": self._merchant.sign_type,
        }
        return Opening(OpeningState.READY, params | {"paySign": self._sealed(params)})

    async def _app(self, payment: Payment, ask: PayRequest) -> Opening:
        answer = await self._order("APP", payment, ask)
        params = {
            "appid": self._merchant.appid,
            "partnerid": self._merchant.mch_id,
            "prepayid": _given(answer, "prepay_id"),
            "package": "Sign=WXPay",
            "noncestr": self._nonce(),
            "timestamp": self._stamp(),
        }
        return Opening(OpeningState.READY, params | {"sign": self._sealed(params)})

    async def _micropay(self, payment: Payment, ask: PayRequest) -> Opening:
        """
        Charge a shown code. It is not notified, so whatever is not paid now is asked about.

        Facts: wechatpay/v2-micropay
        """
        auth_code = shown_code_of(ask)
        business = self._business(payment, ask) | {"auth_code": auth_code}
        try:
            answer = await self._client.call("micropay", "/pay/micropay", business)
        except ChannelOutcomeUnknown as error:
            if error.reason == "USERPAYING":
                return Opening(OpeningState.WAITING, {})
            raise
        return Opening(OpeningState.PAID, {}, self._trades.report(payment, answer, state=TradeState.PAID))

    async def _order(self, trade_type: str, payment: Payment, ask: PayRequest, **more: str) -> Mapping[str, str]:
        business = self._business(payment, ask) | {
            "trade_type": trade_type,
            "time_start": compact(payment.created_at),
            "time_expire": compact(payment.expires_at),
            "notify_url": ask.notify_url,
            **more,
        }
        answer = await self._client.call("create", "/pay/unifiedorder", business)
        if answer.get("trade_type", trade_type) != trade_type:
            raise ChannelOutcomeUnknown("unifiedorder was answered for another product")
        return answer

    def _business(self, payment: Payment, ask: PayRequest) -> dict[str, str]:
        return {
            "body": payment.subject[:SUBJECT_MAX],
            "out_trade_no": payment.out_trade_no,
            "total_fee": str(payment.amount_fen),
            "fee_type": payment.currency,
            "spbill_create_ip": ask.client_ip,
        }

    def _sealed(self, params: Mapping[str, str]) -> str:
        return digest(params, self._merchant.apiv2_key, sign_type=self._merchant.sign_type)


def _given(answer: Mapping[str, str], name: str) -> str:
    if not answer.get(name):
        raise ChannelOutcomeUnknown(f"unifiedorder was answered without a {name}")
    return answer[name]
