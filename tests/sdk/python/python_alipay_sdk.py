"""
python-alipay-sdk, the community's, against the simulator: what it is told, and whether it believes it.

It checks the signature of every answer itself and raises where one is wrong.

Facts: alipay/sdk-config
"""
# /// sdk
# package = "python-alipay-sdk"
# provider = "alipay"
# # It installs the file alipay/__init__.py, as the official one does.
# folder = "python-alipay-sdk"
#
# [steps]
# precreate_pay_refund = [
#   "BaseAliPay.api_alipay_trade_precreate",
#   "BaseAliPay.api_alipay_trade_query",
#   "BaseAliPay.api_alipay_trade_refund",
#   "BaseAliPay.api_alipay_trade_fastpay_refund_query",
#   "BaseAliPay.verify",
# ]
#
# [out_of_scope]
# "*" = "driven below"
# ///

import inspect
from typing import Any

import alipay

from tests.sdk.kit.world import World

SUBJECT = "打赏 & 玫瑰 +1 {x pp000001"


def public() -> list[str]:
    types = (alipay.BaseAliPay, alipay.DCAliPay, alipay.ISVAliPay)
    methods = ((one, name) for one in types for name, _ in inspect.getmembers(one, inspect.isfunction))
    return [f"{one.__name__}.{name}" for one, name in methods if not name.startswith("_") and name in vars(one)]


class Shop:
    """A merchant with this SDK."""

    def __init__(self, world: World, *, sign_type: str = "RSA2") -> None:
        self.client = alipay.AliPay(
            appid=world.text("alipay/app_id"),
            app_private_key_string=world.text("alipay/app_private_key.pkcs8.pem"),
            alipay_public_key_string=world.text("alipay/alipay_public_key.pem"),
            sign_type=sign_type,
        )
        # Its constructor knows production and sandbox only; the address is an attribute.
        self.client._gateway = world.url("alipay") + "/gateway.do"

    def believes(self, notify: dict[str, str]) -> bool:
        """Whether it accepts a notify."""
        told = dict(notify)
        return bool(self.client.verify(told, told.pop("sign")))


def precreate_pay_refund(world: World) -> None:
    for sign_type in ("RSA2", "RSA"):
        _all_the_way_round(world, Shop(world, sign_type=sign_type), order=f"community{sign_type}")


def _all_the_way_round(world: World, shop: Shop, *, order: str) -> None:
    client: Any = shop.client
    notify_url = world.notify_url("alipay", order) + "?shop=1"
    # A number on purpose: this SDK's users send floats.
    made = client.api_alipay_trade_precreate(SUBJECT, order, 1.23, notify_url=notify_url)
    assert (made["code"], made["qr_code"][:25]) == ("10000", "https://qr.alipay.com/bax")
    assert client.api_alipay_trade_query(out_trade_no=order)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    world.buyer("alipay", order)
    paid = client.api_alipay_trade_query(out_trade_no=order)
    assert (paid["trade_status"], paid["total_amount"]) == ("TRADE_SUCCESS", "1.23")
    notify = world.notify("alipay", order).form
    assert (notify["trade_status"], notify["subject"]) == ("TRADE_SUCCESS", SUBJECT)
    assert shop.believes(notify)
    assert not shop.believes(notify | {"total_amount": "9.99"})

    part = {"refund_amount": "0.23", "out_trade_no": order, "out_request_no": "r1"}
    first, again = (client.api_alipay_trade_refund(**part) for _ in range(2))
    assert [(one["fund_change"], one["refund_fee"]) for one in (first, again)] == [("Y", "0.23"), ("N", "0.23")]
    known = client.api_alipay_trade_fastpay_refund_query("r1", out_trade_no=order)
    assert (known["refund_status"], known["refund_amount"]) == ("REFUND_SUCCESS", "0.23")
    notice = world.notify("alipay", order).form
    assert notice["out_biz_no"] == "r1"
    assert shop.believes(notice)
