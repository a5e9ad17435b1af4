"""
alipay-sdk-python, Alipay's own, against the simulator: what it is told, and whether it believes it.

It reaches ports 80 and 443 only. Signatures of answers it checks itself and raises where they are wrong.

Facts: alipay/sdk-config, alipay/sdk-ports
"""
# /// sdk
# package = "alipay-sdk-python"
# provider = "alipay"
# door = "port80"
#
# [steps]
# precreate_pay_refund = [
#   "DefaultAlipayClient.execute",
#   "AlipayTradePrecreateRequest",
#   "AlipayTradeQueryRequest",
#   "AlipayTradeRefundRequest",
#   "AlipayTradeFastpayRefundQueryRequest",
#   "verify_with_rsa",
#   "get_sign_content",
# ]
#
# [out_of_scope]
# "DefaultAlipayClient.*" = "driven below"
# "sign_with_rsa*" = "its client signs with them; nobody else needs to"
# "add_start_end" = "writes PEM lines around a key"
# "fill_*_key_marker" = "writes PEM lines around a key"
# ///

import inspect
import logging
from typing import Any

import rsa
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.util import SignatureUtils

from tests.sdk.kit.world import World

SUBJECT = "打赏 & 玫瑰 +1 {x pp000001"


def public() -> list[str]:
    client = [f"DefaultAlipayClient.{name}" for name in dir(DefaultAlipayClient) if not name.startswith("_")]
    utilities = inspect.getmembers(SignatureUtils, inspect.isfunction)
    return client + [name for name, function in utilities if function.__module__ == SignatureUtils.__name__]


class Shop:
    """A merchant with this SDK."""

    def __init__(self, world: World, *, sign_type: str = "RSA2") -> None:
        config = AlipayClientConfig()
        config.server_url = world.url("alipay") + "/gateway.do"
        config.app_id = world.text("alipay/app_id")
        config.app_private_key = world.text("alipay/app_private_key.pkcs1.b64")
        config.alipay_public_key = world.text("alipay/alipay_public_key.b64")
        config.sign_type = sign_type
        self._public_key = config.alipay_public_key
        self.client = DefaultAlipayClient(config, logging.getLogger("sdk"))

    def call(self, request_type: Any, *, notify_url: str = "", **fields: Any) -> Any:
        """The answer object of a request."""
        request = request_type()
        request.biz_content = fields
        if notify_url:
            request.notify_url = notify_url
        answer = response_of(request_type)
        answer.parse_response_content(self.client.execute(request))
        return answer

    def believes(self, notify: dict[str, str]) -> bool:
        """Whether its signature functions accept a notify."""
        signed = {name: value for name, value in notify.items() if name not in {"sign", "sign_type"}}
        content = SignatureUtils.get_sign_content(signed).encode(notify["charset"])
        try:
            return bool(SignatureUtils.verify_with_rsa(self._public_key, content, notify["sign"]))
        except rsa.VerificationError:
            return False


def response_of(request_type: Any) -> Any:
    """The answer class that belongs to a request class."""
    name = request_type.__name__.removesuffix("Request") + "Response"
    module = __import__(f"alipay.aop.api.response.{name}", fromlist=[name])
    return getattr(module, name)()


def precreate_pay_refund(world: World) -> None:
    for sign_type in ("RSA2", "RSA"):
        _all_the_way_round(world, Shop(world, sign_type=sign_type), order=f"official{sign_type}")


def _all_the_way_round(world: World, shop: Shop, *, order: str) -> None:
    notify_url = world.notify_url("alipay", order) + "?shop=1"
    made = shop.call(
        AlipayTradePrecreateRequest, notify_url=notify_url, out_trade_no=order, total_amount="1.23", subject=SUBJECT
    )
    assert made.is_success()
    assert made.qr_code.startswith("https://qr.alipay.com/bax")
    assert shop.call(AlipayTradeQueryRequest, out_trade_no=order).sub_code == "ACQ.TRADE_NOT_EXIST"

    world.buyer("alipay", order)
    paid = shop.call(AlipayTradeQueryRequest, out_trade_no=order)
    assert (paid.trade_status, paid.total_amount) == ("TRADE_SUCCESS", "1.23")
    notify = world.notify("alipay", order).form
    assert (notify["trade_status"], notify["subject"]) == ("TRADE_SUCCESS", SUBJECT)
    assert shop.believes(notify)
    assert not shop.believes(notify | {"total_amount": "9.99"})

    part = {"out_trade_no": order, "refund_amount": "0.23", "out_request_no": "r1"}
    first, again = (shop.call(AlipayTradeRefundRequest, **part) for _ in range(2))
    assert [(one.fund_change, one.refund_fee) for one in (first, again)] == [("Y", "0.23"), ("N", "0.23")]
    known = shop.call(AlipayTradeFastpayRefundQueryRequest, out_trade_no=order, out_request_no="r1")
    assert (known.refund_status, known.refund_amount) == ("REFUND_SUCCESS", "0.23")
    notice = world.notify("alipay", order).form
    assert notice["out_biz_no"] == "r1"
    assert shop.believes(notice)
