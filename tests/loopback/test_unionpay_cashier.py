"""
A browser's way through UnionPay: the merchant's form, the cashier, and back to the merchant with a signed form.
"""

import html
import re

import pytest
import pytest_asyncio

from tests.chaos.unionpay_kit import Union, union

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def shop(credentials_dir):
    async with union(credentials_dir) as shop:
        yield shop


async def cashier(shop: Union, **more: str) -> str:
    """
    Where the merchant's form leads to.
    """
    fields = {
        **shop.consumption(accNo=None),
        "bizType": "000201",
        "frontUrl": "http://127.0.0.1:9/front?room=7",
        **more,
    }
    signed = shop.merchant.signed(fields)
    url = f"{shop.box.simulator.urls['unionpay']}/gateway/api/frontTransReq.do"
    async with shop.box.session.post(url, data=signed, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (302, "0")
        return answer.headers["Location"]


async def look(shop: Union, url: str) -> str:
    async with shop.box.session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


async def press(shop: Union, url: str, action: str) -> str:
    key = re.search(r'name="key" value="([^"]+)"', await look(shop, url))
    assert key is not None
    async with shop.box.session.post(url, data={"action": action, "key": html.unescape(key[1])}) as answer:
        assert answer.status == 200
        return await answer.text()


def form_of(page: str, address: str) -> dict[str, str]:
    """
    The hidden fields of the form that leads to *address*.
    """
    found = re.search(rf'<form[^>]*action="{re.escape(html.escape(address))}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert found is not None, page
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[1])
    return {html.unescape(name): html.unescape(value) for name, value in inputs}


async def test_who_pays_comes_back_with_a_form_that_the_platform_signed(shop: Union):
    url = await cashier(shop)
    assert "¥1.00" in await look(shop, url)
    page = await press(shop, url, "pay")
    told = form_of(page, "http://127.0.0.1:9/front?room=7")
    assert shop.merchant.verified(told)
    assert (told["respCode"], told["orderId"], told["txnAmt"]) == ("00", "order001", "100")
    await shop.box.receiver.until(1)
    (notified,) = await shop.told()
    assert notified == told


async def test_who_gives_up_is_sent_to_the_other_address(shop: Union):
    url = await cashier(shop, frontFailUrl="http://127.0.0.1:9/failed")
    page = await press(shop, url, "cancel")
    assert "http://127.0.0.1:9/failed" in page
    assert (await shop.query())["origRespCode"] == "05"


async def test_a_unified_orders_link_leads_there_too(shop: Union):
    answer = await shop.ask("order", {**shop.consumption(accNo=None), "bizType": "000000", "channelType": "08"})
    async with shop.box.session.get(answer["payUrl"], allow_redirects=False) as reply:
        assert reply.status == 302
        assert reply.headers["Location"].startswith("/_cashier/")
    await shop.pays()
    assert (await shop.query())["origRespCode"] == "00"


async def test_a_tn_is_paid_like_a_code(shop: Union):
    tn = (await shop.app())["tn"]
    await shop.box.control("POST", "/qr", {"qr_code": tn, "action": "pay"})
    assert (await shop.query())["origRespCode"] == "00"
