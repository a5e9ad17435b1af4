"""
The mock wallet's check of what a page (JSAPI) or an app hands to it: the second signature of the merchant, which the
server never sees.

Facts: wechatpay/client-sign
"""

from collections.abc import Mapping

import orjson

from mock_providers.core.books.book import Trade
from mock_providers.errors import BookRefused
from mock_providers.wechatpay.desk import SUB_APPID, Desk
from mock_providers.wechatpay.merchants import Merchant
from mock_providers.wechatpay.v2.client import legacy_sign_ok
from mock_providers.wechatpay.v3.signing import verified

_JSAPI = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")
_APP = ("appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign")
_PREPAY = "prepay_id="


def open_parameters(desk: Desk, text: str) -> Trade:
    """
    The trade behind the parameters in the JSON object *text*.

    Raises:
        BookRefused: with what the wallet shows, and what the merchant should look at.
    """
    said = _fields(text)
    app = "partnerid" in said
    missing = [name for name in (_APP if app else _JSAPI) if not said.get(name)]
    if missing:
        raise BookRefused("parameters_missing", f"the wallet misses {', '.join(missing)}")
    if app and said["package"] != "Sign=WXPay":
        raise BookRefused("package_wrong", "an app's package is exactly Sign=WXPay")
    if not app and not said["package"].startswith(_PREPAY):
        raise BookRefused("package_wrong", "a page's package is prepay_id= and the prepay_id behind it")
    prepay_id = said["prepayid"] if app else said["package"].removeprefix(_PREPAY)
    trade = desk.book.by_qr(prepay_id, now=desk.now())
    if trade is None:
        raise BookRefused("prepay_id_unknown", "no order has this prepay_id; it is sent as it came, whole")
    _check_owner(trade, said, app=app)
    _check_sign(desk.merchants[trade.opening.merchant_id], said, app=app)
    return trade


def _fields(text: str) -> Mapping[str, str]:
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict) or not all(isinstance(one, str | int) for one in said.values()):
        raise BookRefused("parameters_unreadable", "the wallet takes one JSON object of texts")
    return {name: str(one) for name, one in said.items()}


def _check_owner(trade: Trade, said: Mapping[str, str], *, app: bool) -> None:
    opening = trade.opening
    if opening.product != ("app" if app else "jsapi"):
        raise BookRefused("product_wrong", f"this order was made for {opening.product}, not for this kind of client")
    app_id = said["appid"] if app else said["appId"]
    if app_id not in {opening.app_id, opening.details.get(SUB_APPID)}:
        raise BookRefused(
            "pay_sign_wrong", f"支付验证签名失败: the order belongs to the app id {opening.app_id}, not to {app_id}"
        )
    if app and said["partnerid"] != opening.merchant_id:
        raise BookRefused("pay_sign_wrong", "支付验证签名失败: partnerid is not the merchant of this order")


def _check_sign(merchant: Merchant, said: Mapping[str, str], *, app: bool) -> None:
    sign = said["sign"] if app else said["paySign"]
    if app and len(sign) in {32, 64}:
        good = legacy_sign_ok(merchant, {name: said[name] for name in _APP if name != "sign"}, sign)
    elif not app and said["signType"] != "RSA":
        good = legacy_sign_ok(merchant, {name: said[name] for name in _JSAPI if name != "paySign"}, sign)
    else:
        lines = (
            (said["appid"], said["timestamp"], said["noncestr"], said["prepayid"])
            if app
            else (said["appId"], said["timeStamp"], said["nonceStr"], said["package"])
        )
        good = verified(merchant.public_key, "".join(f"{line}\n" for line in lines).encode(), sign)
    if not good:
        raise BookRefused(
            "pay_sign_wrong",
            "支付验证签名失败: the signature is not the merchant's over app id, time stamp, nonce and "
            f"{'the bare prepay_id' if app else 'the package'}, each with a line feed behind it",
        )
