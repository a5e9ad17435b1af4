"""
alipay-sdk-python (official) against the simulator: what it is told, and whether it believes it.

Facts: alipay/sdk-config, alipay/sdk-ports
"""

import logging
from typing import Any

import rsa
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayTradeFastpayRefundQueryModel import AlipayTradeFastpayRefundQueryModel
from alipay.aop.api.domain.AlipayTradePrecreateModel import AlipayTradePrecreateModel
from alipay.aop.api.domain.AlipayTradeQueryModel import AlipayTradeQueryModel
from alipay.aop.api.domain.AlipayTradeRefundModel import AlipayTradeRefundModel
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.response.AlipayTradeFastpayRefundQueryResponse import AlipayTradeFastpayRefundQueryResponse
from alipay.aop.api.response.AlipayTradePrecreateResponse import AlipayTradePrecreateResponse
from alipay.aop.api.response.AlipayTradeQueryResponse import AlipayTradeQueryResponse
from alipay.aop.api.response.AlipayTradeRefundResponse import AlipayTradeRefundResponse
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from tests.sdk.sdk_world import SdkWorld

SUBJECT = "打赏 & 玫瑰 +1 {x pp000001"


class Official:
    """One client, with what the test asks of every SDK."""

    def __init__(self, world: SdkWorld, sign_type: str) -> None:
        config = AlipayClientConfig()
        config.server_url = world.gateway_url
        config.app_id = world.text("app_id")
        config.app_private_key = world.text("app_private_key.pkcs1.b64")
        config.alipay_public_key = world.text("alipay_public_key.b64")
        config.sign_type = sign_type
        self._public_key = config.alipay_public_key
        self._world = world
        self._client = DefaultAlipayClient(config, logging.getLogger("sdk"))

    def _execute(self, request: Any, response: Any) -> Any:
        # Verifies the answer's signature and raises when it is wrong.
        response.parse_response_content(self._client.execute(request))
        return response

    def precreate(self, order: str, amount: str) -> dict[str, Any]:
        model = AlipayTradePrecreateModel()
        model.out_trade_no, model.total_amount, model.subject = order, amount, SUBJECT
        request = AlipayTradePrecreateRequest(biz_model=model)
        request.notify_url = self._world.notify_url
        answer = self._execute(request, AlipayTradePrecreateResponse())
        return {"code": answer.code, "out_trade_no": answer.out_trade_no, "qr_code": answer.qr_code}

    def query(self, order: str) -> dict[str, Any]:
        model = AlipayTradeQueryModel()
        model.out_trade_no = order
        answer = self._execute(AlipayTradeQueryRequest(biz_model=model), AlipayTradeQueryResponse())
        return {
            "code": answer.code,
            "sub_code": answer.sub_code,
            "trade_status": answer.trade_status,
            "total_amount": answer.total_amount,
        }

    def refund(self, order: str, amount: str, number: str) -> dict[str, Any]:
        model = AlipayTradeRefundModel()
        model.out_trade_no, model.refund_amount, model.out_request_no = order, amount, number
        answer = self._execute(AlipayTradeRefundRequest(biz_model=model), AlipayTradeRefundResponse())
        return {"code": answer.code, "fund_change": answer.fund_change, "refund_fee": answer.refund_fee}

    def refund_query(self, order: str, number: str) -> dict[str, Any]:
        model = AlipayTradeFastpayRefundQueryModel()
        model.out_trade_no, model.out_request_no = order, number
        request = AlipayTradeFastpayRefundQueryRequest(biz_model=model)
        answer = self._execute(request, AlipayTradeFastpayRefundQueryResponse())
        return {"refund_status": answer.refund_status, "refund_amount": answer.refund_amount}

    def verifies(self, notify: dict[str, str]) -> bool:
        signed = {name: value for name, value in notify.items() if name not in {"sign", "sign_type"}}
        content = get_sign_content(signed).encode(notify["charset"])
        try:
            return bool(verify_with_rsa(self._public_key, content, notify["sign"]))
        except rsa.VerificationError:
            return False
