"""
The ways in which each vendor brings its buyers to the cashier, and back: a browser follows them from end to end.
"""

import json
from datetime import timedelta
from urllib.parse import quote, urlencode

import pytest

from tests.unit.mock_providers.unionpay_desk import PATHS
from tests.unit.mock_providers.unionpay_desk import Merchant as UnionPayMerchant
from tests.unit.mock_providers.wechatpay_v3_desk import Merchant as WechatMerchant

pytestmark = pytest.mark.asyncio

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
PRODUCTS = {
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
}


@SCRIPTS
@pytest.mark.parametrize("method", PRODUCTS)
async def test_alipays_page_payment_ends_at_the_shop_with_a_signature_that_verifies(
    chromium, box, shop, method, scripts
):
    business = {"out_trade_no": "o1", "total_amount": "9.90", "subject": "a rose", "product_code": PRODUCTS[method]}
    params = box.merchant.signed(method, business, return_url=shop.url, notify_url=box.receiver.url)
    async with chromium.page(scripts=scripts) as page:
        await page.open(f"{box.simulator.alipay_url}/gateway.do?{urlencode(params)}")
        assert "¥9.90" in await page.text()
        await page.press("button[value=pay]")
        await page.press("#departure")
        assert await page.text() == "Thank you"
    ((_, fields),) = shop.visits
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
    box.merchant.verify(text.encode(), fields["sign"])
    assert (fields["out_trade_no"], fields["total_amount"]) == ("o1", "9.90")
    (notify,) = await box.receiver.until(1)
    assert notify.fields["trade_status"] == "TRADE_SUCCESS"


@SCRIPTS
async def test_the_form_that_a_shop_writes_for_alipay_leads_to_the_cashier(chromium, box, shop, scripts):
    business = {
        "out_trade_no": "o1",
        "total_amount": "9.90",
        "subject": "a rose",
        "product_code": "FAST_INSTANT_TRADE_PAY",
    }
    params = box.merchant.signed("alipay.trade.page.pay", business, return_url=shop.url)
    fields = "".join(f"<input type=hidden name='{name}' value='{quote(value)}'>" for name, value in params.items())
    form = f"<form method=post action='{box.simulator.alipay_url}/gateway.do?charset=utf-8'>{fields}<button>buy</button></form>"
    async with chromium.page(scripts=scripts) as page:
        await page.open(shop.url)
        await page.evaluate(f"document.body.innerHTML = {form!r}")
        await page.evaluate(
            "for (const one of document.querySelectorAll('input')) one.value = decodeURIComponent(one.value)"
        )
        await page.press("button")
        assert "¥9.90" in await page.text()
        await page.press("button[value=cancel]")
        assert "You left without paying" in await page.text()
    assert (await box.control("GET", "/trades/alipay/o1"))["state"] == "WAITING"


async def h5_link(box, credentials_dir) -> str:
    """
    What WeChat Pay's h5 order answers, on the simulator's own port.
    """
    merchant = WechatMerchant(credentials_dir)
    target = "/v3/pay/transactions/h5"
    body = {
        "appid": merchant.app_id,
        "mchid": merchant.mchid,
        "description": "tip pp000001",
        "out_trade_no": "order1",
        "notify_url": box.receiver.url,
        "amount": {"total": 6600, "currency": "CNY"},
        "scene_info": {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}},
    }
    sent = merchant.request("POST", target, body)
    at = str(int(box.simulator.schedule.now().timestamp()))
    headers = dict(sent.headers) | {"Authorization": merchant.authorization("POST", target, sent.body, at=at)}
    url = box.simulator.urls["wechatpay"]
    async with box.session.post(url + target, data=sent.body, headers=headers) as answer:
        told = await answer.json()
        assert answer.status == 200, told
    return str(told["h5_url"]).replace("https://wx.tenpay.com", url)


@SCRIPTS
async def test_wechat_pays_h5_link_leads_to_the_cashier_and_back(chromium, box, shop, credentials_dir, scripts):
    link = await h5_link(box, credentials_dir)
    async with chromium.page(scripts=scripts, language="zh-CN") as page:
        await page.open(f"{link}&redirect_url={quote(shop.url, safe='')}")
        assert "微信支付" in await page.text()
        assert "¥66.00" in await page.text()
        await page.press("button[value=pay]")
        await page.press("#departure")
    assert shop.visits == [("GET", {})]
    assert (await box.control("GET", "/trades/wechatpay/order1"))["state"] == "PAID"


async def test_an_old_link_is_answered_in_the_vendors_own_words(box, credentials_dir):
    link = await h5_link(box, credentials_dir)
    await box.advance(301)
    async with box.session.get(link) as answer:
        assert answer.status == 404
        assert "商家参数格式有误" in await answer.text()


def front_form(box, shop, credentials_dir) -> str:
    """
    The form that a shop shows for a payment at UnionPay's front.
    """
    beijing = box.simulator.schedule.now() + timedelta(hours=8)
    fields = {
        "txnType": "01",
        "txnSubType": "01",
        "bizType": "000201",
        "channelType": "07",
        "orderId": "order001",
        "txnTime": f"{beijing:%Y%m%d%H%M%S}",
        "txnAmt": "6600",
        "currencyCode": "156",
        "backUrl": box.receiver.url,
        "frontUrl": shop.url,
    }
    signed = UnionPayMerchant(credentials_dir).signed(fields)
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in signed.items())
    url = f"{box.simulator.urls['unionpay']}{PATHS['front']}"
    return f'<form method="post" action="{url}">{inputs}<button>buy</button></form>'


@SCRIPTS
async def test_unionpays_front_form_comes_back_as_a_signed_form(chromium, box, shop, credentials_dir, scripts):
    form = front_form(box, shop, credentials_dir)
    async with chromium.page(scripts=scripts) as page:
        await page.open(shop.url)
        await page.evaluate(f"document.body.innerHTML = {json.dumps(form)}")
        await page.press("button")
        assert "¥66.00" in await page.text()
        await page.press("button[value=pay]")
        if scripts:
            await page.loaded(3)  # the form leaves by itself
        else:
            await page.press("#departure button")
        assert page.complaints == []
    method, fields = shop.visits[-1]
    assert (method, fields["orderId"], fields["respCode"], fields["txnAmt"]) == ("POST", "order001", "00", "6600")
    assert UnionPayMerchant(credentials_dir).verified(fields)
    assert (await box.control("GET", "/trades/unionpay/order001"))["state"] == "PAID"
