"""
The cashier in a real browser: buttons pressed with the mouse, with scripts and without, then the books are read.
"""

import pytest

from mock_providers.core.provider import Departure
from tests.browser.chromium import DESKTOP, PHONE, Chromium
from tests.loopback.sandbox import sandbox

pytestmark = pytest.mark.asyncio

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
OUTCOMES = [
    ("pay", "Paid", "PAID", 1),
    ("insufficient_balance", "The balance is too low", "WAITING", 0),
    ("wrong_password", "The password is wrong", "WAITING", 0),
    ("cancel", "You left without paying", "WAITING", 0),
    ("pay_twice", "Paid once, pressed twice", "PAID", 1),
]


async def cashier_of(box, order="o1", **opening):
    await box.precreate(order, **opening)
    path = (await box.control("GET", f"/trades/alipay/{order}"))["cashier_path"]
    return box.simulator.alipay_url + path


def button(action: str) -> str:
    return f"button[name=action][value={action}]"


@SCRIPTS
@pytest.mark.parametrize(("action", "told", "state", "notifies"), OUTCOMES, ids=[one[0] for one in OUTCOMES])
async def test_every_button_does_what_it_says(chromium, box, action, told, state, notifies, scripts):
    url = await cashier_of(box)
    async with chromium.page(scripts=scripts) as page:
        await page.open(url)
        await page.press(button(action))
        assert told in await page.text()
        assert await page.address() == f"{url}?said={action}"
        assert page.complaints == []
    trade = await box.control("GET", "/trades/alipay/o1")
    assert (trade["state"], trade["paid_fen"]) == (state, 123 if state == "PAID" else 0)
    await box.receiver.until(notifies)
    assert len(box.receiver.received) == notifies
    visits = [item["api"] for item in await box.journal("in") if item["api"].startswith("cashier")]
    assert visits == ["cashier", f"cashier.{action}", "cashier"]


@SCRIPTS
async def test_a_closed_order_offers_to_pay_late(chromium, box, scripts):
    url = await cashier_of(box)
    async with chromium.page(scripts=scripts) as page:
        await page.open(url)
        await box.advance(3 * 3600)
        await page.open(url)
        await page.press(button("pay_late"))
        assert "Paid late" in await page.text()
    await box.receiver.until(1)
    assert (await box.control("GET", "/trades/alipay/o1"))["state"] == "PAID"


@SCRIPTS
async def test_after_paying_the_buyer_comes_back_to_the_shop_untouched(chromium, box, shop, monkeypatch, scripts):
    departure = Departure(f"{shop.url}?out_trade_no=o1&sign=a%2Bb")
    monkeypatch.setattr(box.simulator.providers["alipay"], "departure", lambda _: departure)
    url = await cashier_of(box)
    async with chromium.page(scripts=scripts) as page:
        await page.open(url)
        await page.press(button("pay"))
        await page.loaded(2)  # nothing is pressed: the result leads on by itself
        assert await page.text() == "Thank you"
    assert shop.visits == [("GET", {"out_trade_no": "o1", "sign": "a+b"})]


@SCRIPTS
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_way_back_can_be_pressed(chromium, box, shop, monkeypatch, method, scripts):
    fields = {"txnAmt": "123", "respMsg": "成功[00]", "sign": "a+b="}
    departure = Departure(shop.url, "POST", fields) if method == "POST" else Departure(f"{shop.url}?sign=a%2Bb%3D")
    monkeypatch.setattr(box.simulator.providers["alipay"], "departure", lambda _: departure)
    url = await cashier_of(box)
    async with chromium.page(scripts=scripts) as page:
        await page.open(url)
        await page.press(button("pay"))
        await page.press("#departure button" if method == "POST" else "a#departure")
        assert await page.text() == "Thank you"
        assert page.complaints == []
    assert shop.visits == [(method, fields if method == "POST" else {"sign": "a+b="})]


async def test_a_form_leaves_by_itself_where_scripts_run(chromium, box, shop, monkeypatch):
    departure = Departure(shop.url, "POST", {"orderId": "o1"})
    monkeypatch.setattr(box.simulator.providers["alipay"], "departure", lambda _: departure)
    url = await cashier_of(box)
    async with chromium.page() as page:
        await page.open(url)
        await page.press(button("pay"))
        await page.loaded(2)
        assert page.complaints == []
    assert shop.visits == [("POST", {"orderId": "o1"})]


@pytest.mark.parametrize("size", [PHONE, DESKTOP, (320, 568)], ids=str)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_nothing_is_wider_than_the_screen_however_long_the_texts(chromium, box, size, language):
    subject = "<b>W</b>" * 30
    await box.call(
        "alipay.trade.precreate", {"out_trade_no": "o" * 64, "total_amount": "100000000.00", "subject": subject}
    )
    path = (await box.control("GET", "/trades?limit=1"))["items"][0]["cashier_path"]
    async with chromium.page(size=size, language=language) as page:
        await page.open(box.simulator.alipay_url + path)
        assert subject in await page.text()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("document.documentElement.lang") == ("zh-CN" if language == "zh-CN" else "en")


async def test_on_a_phone_every_button_is_in_sight(chromium, box):
    url = await cashier_of(box)
    async with chromium.page(size=PHONE) as page:
        await page.open(url)
        lowest = "Math.max(...[...document.querySelectorAll('button')].map(one => one.getBoundingClientRect().bottom))"
        assert await page.evaluate(lowest) <= PHONE[1]


@SCRIPTS
async def test_the_language_is_a_press_away_and_stays(chromium, box, scripts):
    url = await cashier_of(box)
    async with chromium.page(scripts=scripts) as page:
        await page.open(url)
        await page.press("a.tongue")
        assert "确认付款" in await page.text()
        await page.press(button("wrong_password"))
        assert "支付密码错误" in await page.text()


async def test_a_stranger_page_that_posts_to_the_cashier_pays_nothing(chromium, box, shop):
    url = await cashier_of(box)
    form = f'<form method=post action="{url}"><input name=action value=pay><input name=key value=0><button>win</button></form>'
    async with chromium.page() as page:
        await page.open(shop.url)
        await page.evaluate(f"document.body.innerHTML = {form!r}")
        await page.press("button")
        assert "out of date" in await page.text()
    assert (await box.control("GET", "/trades/alipay/o1"))["paid_fen"] == 0


async def test_the_vendors_own_link_works_through_the_proxy(chromium, credentials_dir):
    async with sandbox(credentials_dir, proxy_port=0) as box:
        qr_code = (await box.precreate())["qr_code"]
        proxy = str(box.simulator.front.proxy_url)
        # The browser of this test trusts anybody; what the authority's name is worth is shown by the front doors' tests.
        with Chromium(proxy=proxy, more=("--ignore-certificate-errors",)) as browser:
            async with browser.page() as page:
                await page.open(qr_code)
                assert (await page.address()).startswith("https://qr.alipay.com/_cashier/")
                await page.press(button("pay"))
                assert "Paid" in await page.text()
        await box.receiver.until(1)
        assert (await box.control("GET", "/trades/alipay/o1"))["state"] == "PAID"
