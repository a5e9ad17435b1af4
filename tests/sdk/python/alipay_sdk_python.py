"""
alipay-sdk-python, Alipay's own, against the simulator: what it is told, and whether it believes it.

It reaches ports 80 and 443 only. Signatures of answers it checks itself and raises where they are wrong.

Facts: alipay/sdk-config, alipay/sdk-ports
"""
# /// sdk
# package = "alipay-sdk-python"
# provider = "alipay"
# door = "port80"
# # It cannot do certificate mode, without which nothing is paid out.
# flags = ["--no-alipay-payout-needs-certificate"]
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
# barcode = ["DefaultAlipayClient.execute", "AlipayTradePayRequest"]
# create_close_cancel = ["AlipayTradeCreateRequest", "AlipayTradeCloseRequest", "AlipayTradeCancelRequest"]
# refund_applied_for = ["AlipayTradeRefundApplyRequest"]
# page_forms = ["DefaultAlipayClient.page_execute", "AlipayTradePagePayRequest", "AlipayTradeWapPayRequest"]
# app_order = ["DefaultAlipayClient.sdk_execute", "AlipayTradeAppPayRequest"]
# transfers = ["AlipayFundTransUniTransferRequest", "AlipayFundTransCommonQueryRequest"]
# oauth = ["AlipaySystemOauthTokenRequest", "AlipayOpenAuthTokenAppRequest"]
# certificate_download = ["AlipayOpenAppAlipaycertDownloadRequest"]
# other_charset = ["DefaultAlipayClient.execute"]
# refusals = ["DefaultAlipayClient.execute"]
# bills = ["AlipayDataDataserviceBillDownloadurlQueryRequest"]
#
# [out_of_scope]
# "sign_with_rsa" = "its client signs with it; the steps run it with sign type RSA"
# "sign_with_rsa2" = "its client signs with it; every step runs it"
# "add_start_end" = "writes PEM lines around a key"
# "fill_private_key_marker" = "writes PEM lines around a key"
# "fill_public_key_marker" = "writes PEM lines around a key"
# ///

import inspect
import logging
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qsl

import rsa
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.exception.Exception import ResponseException
from alipay.aop.api.request.AlipayDataDataserviceBillDownloadurlQueryRequest import (
    AlipayDataDataserviceBillDownloadurlQueryRequest,
)
from alipay.aop.api.request.AlipayFundTransCommonQueryRequest import AlipayFundTransCommonQueryRequest
from alipay.aop.api.request.AlipayFundTransUniTransferRequest import AlipayFundTransUniTransferRequest
from alipay.aop.api.request.AlipayOpenAppAlipaycertDownloadRequest import AlipayOpenAppAlipaycertDownloadRequest
from alipay.aop.api.request.AlipayOpenAuthTokenAppRequest import AlipayOpenAuthTokenAppRequest
from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest
from alipay.aop.api.request.AlipayTradeAppPayRequest import AlipayTradeAppPayRequest
from alipay.aop.api.request.AlipayTradeCancelRequest import AlipayTradeCancelRequest
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest
from alipay.aop.api.request.AlipayTradeCreateRequest import AlipayTradeCreateRequest
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import AlipayTradeFastpayRefundQueryRequest
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest
from alipay.aop.api.request.AlipayTradePayRequest import AlipayTradePayRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundApplyRequest import AlipayTradeRefundApplyRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.request.AlipayTradeWapPayRequest import AlipayTradeWapPayRequest
from alipay.aop.api.util import SignatureUtils

from tests.sdk.kit import browser
from tests.sdk.kit.world import World

SUBJECT = "打赏 & 玫瑰 +1 {x pp000001"


def public() -> list[str]:
    client = [f"DefaultAlipayClient.{name}" for name in dir(DefaultAlipayClient) if not name.startswith("_")]
    utilities = inspect.getmembers(SignatureUtils, inspect.isfunction)
    return client + [name for name, function in utilities if function.__module__ == SignatureUtils.__name__]


class Shop:
    """A merchant with this SDK."""

    def __init__(
        self,
        world: World,
        *,
        sign_type: str = "RSA2",
        charset: str = "utf-8",
        app_id: str = "",
        skip_sign: bool = False,
    ) -> None:
        config = AlipayClientConfig()
        config.server_url = world.url("alipay") + "/gateway.do"
        config.app_id = app_id or world.text("alipay/app_id")
        config.app_private_key = world.text("alipay/app_private_key.pkcs1.b64")
        config.alipay_public_key = world.text("alipay/alipay_public_key.b64")
        config.sign_type, config.charset, config.skip_sign = sign_type, charset, skip_sign
        self._public_key = config.alipay_public_key
        self.client = DefaultAlipayClient(config, logging.getLogger("sdk"))

    def call(self, request_type: Any, *, notify_url: str = "", **fields: Any) -> Any:
        """The answer object of a request."""
        return answered(self, asked(request_type, notify_url=notify_url, **fields))

    def believes(self, notify: dict[str, str]) -> bool:
        """Whether its signature functions accept a notify."""
        signed = {name: value for name, value in notify.items() if name not in {"sign", "sign_type"}}
        content = SignatureUtils.get_sign_content(signed).encode(notify["charset"])
        try:
            return bool(SignatureUtils.verify_with_rsa(self._public_key, content, notify["sign"]))
        except rsa.VerificationError:
            return False


def asked(request_type: Any, *, notify_url: str = "", return_url: str = "", **fields: Any) -> Any:
    """A request, filled in."""
    request = request_type()
    request.biz_content = fields
    if notify_url:
        request.notify_url = notify_url
    if return_url:
        request.return_url = return_url
    return request


def answered(shop: "Shop", request: Any) -> Any:
    """The answer object of a request that is filled in already."""
    answer = response_of(type(request))
    answer.parse_response_content(shop.client.execute(request))
    return answer


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


def barcode(world: World) -> None:
    shop = Shop(world)

    def pay(order: str, amount: str, auth_code: str) -> Any:
        fields = {"out_trade_no": order, "total_amount": amount, "subject": SUBJECT, "scene": "bar_code"}
        return shop.call(AlipayTradePayRequest, auth_code=auth_code, **fields)

    paid = pay("officialbar1", "1.23", "28763443825664398")
    assert (paid.code, paid.buyer_pay_amount) == ("10000", "1.23")
    assert paid.fund_bill_list[0].fund_channel == "ALIPAYACCOUNT"
    waiting = pay("officialbar2", "5000.00", "28763443825664399")
    assert (waiting.code, waiting.gmt_payment) == ("10003", None)
    world.buyer("alipay", "officialbar2")
    assert shop.call(AlipayTradeQueryRequest, out_trade_no="officialbar2").trade_status == "TRADE_SUCCESS"
    assert pay("officialbar3", "1.23", "28990001000000001").sub_code == "ACQ.BUYER_BALANCE_NOT_ENOUGH"


def create_close_cancel(world: World) -> None:
    shop = Shop(world)

    def create(order: str) -> Any:
        fields = {"out_trade_no": order, "total_amount": "1.23", "subject": SUBJECT, "buyer_id": "2088102146225135"}
        return shop.call(AlipayTradeCreateRequest, **fields)

    made = create("officialcreate1")
    assert shop.call(AlipayTradeCloseRequest, trade_no=made.trade_no).out_trade_no == "officialcreate1"
    assert create("officialcreate1").sub_code == "ACQ.TRADE_HAS_CLOSE"
    create("officialcreate2")
    world.buyer("alipay", "officialcreate2")
    cancelled = shop.call(AlipayTradeCancelRequest, out_trade_no="officialcreate2")
    assert (cancelled.action, cancelled.retry_flag) == ("refund", "N")


def refund_applied_for(world: World) -> None:
    shop = Shop(world)
    shop.call(AlipayTradePrecreateRequest, out_trade_no="officialapply1", total_amount="1.23", subject=SUBJECT)
    world.buyer("alipay", "officialapply1")
    part = {"out_trade_no": "officialapply1", "refund_amount": "1.23", "out_request_no": "r1"}
    assert shop.call(AlipayTradeRefundApplyRequest, **part).refund_status == "REFUND_PROCESSING"
    world.control("/clock/advance", {"seconds": 60})
    assert shop.call(AlipayTradeRefundApplyRequest, **part).refund_status == "REFUND_SUCCESS"


def page_forms(world: World) -> None:
    shop = Shop(world)
    for number, (request_type, verb) in enumerate(
        [(AlipayTradePagePayRequest, "GET"), (AlipayTradePagePayRequest, "POST"), (AlipayTradeWapPayRequest, "POST")]
    ):
        order = f"officialpage{number}"
        fields = {"out_trade_no": order, "total_amount": "1.23", "subject": SUBJECT}
        request = asked(request_type, notify_url=world.notify_url("alipay", order), return_url=browser.BACK, **fields)
        back = browser.pays(world, shop.client.page_execute(request, http_method=verb))
        assert back["out_trade_no"] == order
        assert shop.believes(back)
        assert not shop.believes(back | {"total_amount": "9.99"})
        assert shop.believes(world.notify("alipay", order).form)


def app_order(world: World) -> None:
    shop = Shop(world)
    fields = {"out_trade_no": "officialapp1", "total_amount": "1.23", "subject": SUBJECT}
    request = asked(AlipayTradeAppPayRequest, notify_url=world.notify_url("alipay", "officialapp1"), **fields)
    order_text = shop.client.sdk_execute(request)
    # What the phone's app does with the text that it is given.
    browser.pays(world, f"{world.url('alipay')}/gateway.do?{order_text}")
    assert world.notify("alipay", "officialapp1").form["trade_status"] == "TRADE_SUCCESS"


def other_charset(world: World) -> None:
    shop = Shop(world, charset="gbk")
    notify_url = world.notify_url("alipay", "officialgbk1")
    made = shop.call(
        AlipayTradePrecreateRequest,
        notify_url=notify_url, out_trade_no="officialgbk1", total_amount="1.23", subject=SUBJECT,
    )  # fmt: skip
    assert made.is_success()
    assert shop.call(AlipayTradeQueryRequest, out_trade_no="officialnever").sub_msg == "交易不存在"
    world.buyer("alipay", "officialgbk1")
    told = world.notify("alipay", "officialgbk1")
    form = dict(parse_qsl(told.body.decode("ascii"), encoding="gbk"))
    assert (form["charset"].lower(), form["subject"]) == ("gbk", SUBJECT)
    assert shop.believes(form)


def refusals(world: World) -> None:
    unsigned = Shop(world, skip_sign=True)
    assert unsigned.call(AlipayTradeQueryRequest, out_trade_no="officialnever").sub_code == "isv.missing-signature"
    # An unsigned answer has no shape for this SDK; what it says stands in the exception.
    stranger = Shop(world, app_id="2021000000000000")
    try:
        stranger.call(AlipayTradeQueryRequest, out_trade_no="officialnever")
    except ResponseException as refused:
        told = str(refused)
    else:
        told = "nothing"
    assert "isv.invalid-app-id" in told


def transfers(world: World) -> None:
    shop = Shop(world)
    payee = {"identity": "2088102146225135", "identity_type": "ALIPAY_USER_ID"}
    known = {"out_biz_no": "officialtransfer1", "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
    paid = shop.call(AlipayFundTransUniTransferRequest, trans_amount="1.23", payee_info=payee, **known)
    assert (paid.code, paid.status) == ("10000", "SUCCESS")
    asked_for = shop.call(AlipayFundTransCommonQueryRequest, **known)
    assert (asked_for.status, asked_for.trans_amount) == ("SUCCESS", "1.23")
    nobody = payee | {"identity": "nobody@sandbox.example", "identity_type": "ALIPAY_LOGON_ID", "name": "x"}
    other = known | {"out_biz_no": "officialtransfer2"}
    refused = shop.call(AlipayFundTransUniTransferRequest, trans_amount="1.23", payee_info=nobody, **other)
    assert refused.sub_code == "PAYEE_NOT_EXIST"


def oauth(world: World) -> None:
    shop = Shop(world)
    request = AlipaySystemOauthTokenRequest()
    request.grant_type, request.code = (
        "authorization_code",
        browser.consents(world, "publicAppAuthorize.htm")["auth_code"],
    )
    user = answered(shop, request)
    assert user.access_token
    assert user.user_id.startswith("2088")
    code = browser.consents(world, "appToAppAuth.htm")["app_auth_code"]
    merchant = shop.call(AlipayOpenAuthTokenAppRequest, grant_type="authorization_code", code=code)
    assert merchant.app_auth_token
    spent = shop.call(AlipayOpenAuthTokenAppRequest, grant_type="authorization_code", code=code)
    assert spent.sub_code == "isv.code-invalid"


def certificate_download(world: World) -> None:
    answer = Shop(world).call(
        AlipayOpenAppAlipaycertDownloadRequest, alipay_cert_sn=world.text("alipay/alipay_cert_sn")
    )
    present = world.text("alipay/alipayCertPublicKey_RSA2.crt").strip()
    assert b64decode(answer.alipay_cert_content).decode().strip() == present


def bills(world: World) -> None:
    shop = Shop(world)
    shop.call(AlipayTradePrecreateRequest, out_trade_no="officialbill1", total_amount="1.23", subject="tip")
    world.buyer("alipay", "officialbill1")
    day = world.next_day()
    request_type = AlipayDataDataserviceBillDownloadurlQueryRequest
    told = shop.call(request_type, bill_type="trade", bill_date=day)
    texts = browser.downloaded(told.bill_download_url)
    assert len(texts) == 2
    assert any("officialbill1" in text for text in texts.values())
    assert shop.call(request_type, bill_type="trade", bill_date="2999-01-01").code == "40004"
