"""
Payments that a browser or the phone's app brings: alipay.trade.page.pay, alipay.trade.wap.pay, alipay.trade.app.pay.

They are signed artefacts, not calls: whoever opens one is sent on to the cashier, or gets a page that says why not. The
merchant's server hears of neither.
"""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

import orjson

from mock_providers.alipay import codes, orders
from mock_providers.alipay.signing import notify_text, sign
from mock_providers.alipay.times import text_of
from mock_providers.alipay.trades import open_waiting
from mock_providers.alipay.wire import form_bytes
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import CASHIER_PATH, Trade, TradeState, cashier_token
from mock_providers.core.money import yuan_text
from mock_providers.core.wire.reply import ProviderReply, WireReply

APP_PAY = "alipay.trade.app.pay"
# See alipay/page-pays.
PRODUCT_OF: Mapping[str, str] = MappingProxyType(
    {"alipay.trade.page.pay": "page", "alipay.trade.wap.pay": "wap", APP_PAY: "app"}
)
_METHOD_OF = {product: method for method, product in PRODUCT_OF.items()}
_CASHIER = "cashier"
_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="GBK"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>支付宝 - 错误</title>
<style>body{{font:16px/1.6 sans-serif;margin:3rem auto;max-width:40rem;padding:0 1rem;color:#333}}
code{{color:#1677ff}}p{{overflow-wrap:anywhere}}</style></head>
<body><h1>抱歉，系统无法完成您的请求</h1>
<p>错误代码 <code>{code}</code></p><p>{reason}</p></body></html>
"""  # noqa: RUF001


def open_page(office: Office, work: Work) -> ProviderReply:
    """
    Make the trade that a signed form is about, or go on with the one it made before.

    Returns:
        A success whose field `cashier` is where the browser goes next.

    Facts: alipay/page-pays, alipay/repeat-create
    """
    opening = orders.read_order(office, work, product=PRODUCT_OF[work.method], life=orders.OTHER_LIFE)
    refusal = orders.refused_at_sight(office, work, opening)
    if refusal is not None:
        return refusal
    known = orders.known_order(office, work, opening)
    refusal = (
        orders.refused_too_late(opening, work.now) if known is None else orders.refused_again(known, opening, work)
    )
    if refusal is not None:
        return refusal
    trade = known or open_waiting(office, opening)
    return codes.success({_CASHIER: CASHIER_PATH + cashier_token(trade), "out_trade_no": opening.out_trade_no})


def visit(reply: ProviderReply) -> WireReply:
    """Send the browser on, or tell it why it goes nowhere."""
    if _CASHIER not in reply.fields:
        return refusal_page(reply)
    return WireReply(302, (("Location", str(reply.fields[_CASHIER])), ("Content-Type", "text/html;charset=GBK")), b"")


def refusal_page(reply: ProviderReply) -> WireReply:
    """
    Code and reason for a human; the prefix of the code is left out, and so are double quotes.

    Facts: alipay/page-pays, alipay/check-order
    """
    code = reply.sub_code.removeprefix("isv.")
    reason = reply.sub_msg.replace('"', "")
    if "&amp;" not in reason:
        reason = escape(reason)
    page = _PAGE.format(code=escape(code), reason=reason)
    return WireReply(200, (("Content-Type", "text/html;charset=GBK"),), page.encode("gbk", "xmlcharrefreplace"))


def way_back(office: Office, trade: Trade) -> str | None:
    """
    The address to which the browser goes back, with its signed parameters in the captured order; None without one.

    Facts: alipay/return-url
    """
    opening = trade.opening
    if not opening.return_url or opening.product not in {"page", "wap"} or trade.trade_no is None:
        return None
    details = opening.details
    fields = {
        "charset": details["charset"],
        "out_trade_no": opening.out_trade_no,
        "method": f"{_METHOD_OF[opening.product]}.return",
        "total_amount": yuan_text(opening.total_fen),
        "sign": "",
        "trade_no": trade.trade_no,
        "auth_app_id": opening.app_id,
        "version": "1.0",
        "app_id": opening.app_id,
        "sign_type": details["sign_type"],
        "seller_id": opening.merchant_id,
        "timestamp": text_of(office.now()),
    }
    codec = "gbk" if details["charset"].lower() in {"gbk", "gb2312"} else "utf-8"
    key, _ = office.keyring.signer(certified="certified" in details, renewed=office.renewed)
    fields["sign"] = sign(key, notify_text(fields).encode(codec), details["sign_type"])
    joint = "&" if "?" in opening.return_url else "?"
    return opening.return_url + joint + form_bytes(fields, codec=codec).decode("ascii")


def phone_result(office: Office, trade: Trade) -> dict[str, str]:
    """
    What the phone's SDK hands to the merchant's app when the buyer comes back from Alipay's.

    Facts: alipay/page-pays
    """
    status = _phone_status(trade)
    opening = trade.opening
    result = ""
    if status == "9000":
        inner = orjson.dumps(
            {
                "code": "10000",
                "msg": "Success",
                "app_id": opening.app_id,
                "auth_app_id": opening.app_id,
                "charset": opening.details["charset"],
                "timestamp": text_of(office.now()),
                "out_trade_no": opening.out_trade_no,
                "total_amount": yuan_text(opening.total_fen),
                "trade_no": trade.trade_no,
                "seller_id": opening.merchant_id,
            }
        )
        signature = sign(office.keyring.platform, inner, opening.details["sign_type"])
        closing = f'"sign":"{signature}","sign_type":"{opening.details["sign_type"]}"}}'
        result = f'{{"alipay_trade_app_pay_response":{inner.decode()},{closing}'
    return {"resultStatus": status, "result": result, "memo": ""}


def _phone_status(trade: Trade) -> str:
    """Facts: alipay/page-pays."""
    if trade.paid_at is not None:
        return "9000"
    if trade.state is TradeState.CLOSED or trade.notes.get("failed"):
        return "4000"
    return "6001"
