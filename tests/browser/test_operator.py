"""
The operator's pages in a real browser: buttons pressed with the mouse, with scripts and without, then the books are read.
"""

import pytest

from tests.browser.chromium import DESKTOP, PHONE
from tests.loopback.sandbox import sandbox
from tests.tidy.checks.tree import REPO

pytestmark = pytest.mark.asyncio

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
PROFILES = REPO / "scenarios" / "profiles"
ORDER = "/orders/alipay/o1"


def press(act: str, **fields: str) -> str:
    """
    The button of a form, by what it does and what it carries.
    """
    carries = "".join(f":has([name='{name}'][value='{value}'])" for name, value in fields.items())
    return f"form[action='/do/{act}']{carries} button"


async def test_orders_appear_and_move_by_themselves(chromium, box):
    async with chromium.page(size=DESKTOP) as page:
        await page.open(box.simulator.control_url)
        assert "No order yet" in await page.text()
        await box.precreate()
        await page.until("document.querySelector('.state')?.textContent === 'CREATED'")
        await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
        await page.until("document.querySelector('.state')?.textContent === 'PAID'")
        await page.press("td.main a")
        assert (await page.address()).startswith(f"{box.simulator.control_url}{ORDER}?merchant=2088")
        assert page.complaints == []


@SCRIPTS
async def test_hands_on_the_notifies_of_one_order(chromium, box, scripts):
    box.receiver.answer = lambda _: (200, b"fail")
    await box.precreate()
    async with chromium.page(scripts=scripts, size=DESKTOP) as page:
        await page.open(box.simulator.control_url + ORDER)
        await page.press(press("buyer", action="pay"))
        await box.receiver.until(1)
        await page.open(box.simulator.control_url + ORDER)
        for act, count in (("next-rung", 2), ("again", 3), ("forge", 4), ("tamper", 5)):
            await page.press(press(act))
            assert len(box.receiver.received) == count, act
        await page.press(press("hold"))
        await page.press(press("release"))
        await page.press(press("drop"))
        assert page.complaints == []
    kinds = [one["kind"] for one in (await box.control("GET", "/notifies"))["items"]]
    assert (kinds.count("forged"), kinds.count("tampered"), kinds.count("duplicate")) == (1, 1, 1)
    told = [one["request"]["target"] for one in await box.journal("out")]
    assert told == [box.receiver.url] * 5
    assert (await box.control("GET", "/trades/alipay/o1"))["state"] == "PAID"


@SCRIPTS
async def test_a_click_on_a_line_shows_its_bytes_and_what_the_doctor_says(chromium, box, scripts):
    await box.rule("forged_signature")
    await box.pay()
    await box.receiver.until(2)
    async with chromium.page(scripts=scripts, size=DESKTOP) as page:
        await page.open(box.simulator.control_url + ORDER)
        assert "Request" not in await page.text()
        await page.press("a.line", leads_on=False)
        await page.until("location.hash === '#x1'")
        shown = await page.text()
        for told in ("POST /gateway.do", "app_id=", "HTTP 200", "String to sign", "signature right"):
            assert told in shown, told
        await page.press("#x1 .shut", leads_on=False)
        await page.until("location.hash === '#story'")
        assert "POST /gateway.do" not in await page.text()


async def test_a_request_with_a_wrong_signature_is_explained_where_it_stands(chromium, box):
    params = box.merchant.signed("alipay.trade.query", {"out_trade_no": "o1"})
    params["sign"] = box.merchant.signed("alipay.trade.query", {"out_trade_no": "o2"})["sign"]
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        assert answer.status == 200
    (entry,) = (await box.control("GET", "/journal"))["items"]
    async with chromium.page(size=DESKTOP) as page:
        await page.open(box.simulator.control_url + "/wire?signature=refused")
        assert entry["doctor"]["sentence"]["en"] in await page.text()


@SCRIPTS
async def test_faults_are_chosen_added_and_removed(chromium, credentials_dir, scripts):
    async with sandbox(credentials_dir, faults_file=PROFILES / "calm.yaml") as box:
        async with chromium.page(scripts=scripts, size=DESKTOP) as page:
            await page.open(box.simulator.control_url + "/faults")
            assert "the provider behaves" in await page.text()
            summary = "details:has([name='fault'][value='duplicate']) summary"
            await page.press(summary, leads_on=False)
            await page.type("details[open] [name='where.order']", "pp0000*")
            await page.press("details[open] form button")
            (rule,) = (await box.control("GET", "/faults"))["rules"]
            assert (rule["fault"], rule["where"]["order"], rule["with"]["copies"]) == ("duplicate", "pp0000*", 1)
            await page.press(press("remove-rule"))
            await page.press(press("profile", profile="storm"))
            assert "storm" in await page.text()
            assert page.complaints == []
        assert (await box.control("GET", "/faults"))["profile"] == "storm"


@SCRIPTS
async def test_the_schedule_is_advanced_from_every_page(chromium, box, scripts):
    before = (await box.control("GET", "/clock"))["schedule_at"]
    async with chromium.page(scripts=scripts, size=DESKTOP) as page:
        await page.open(box.simulator.control_url + "/wire")
        await page.press("form.advance button:last-of-type")
        assert (await page.address()).endswith("/wire")
    after = (await box.control("GET", "/clock"))["schedule_at"]
    assert before[:10] < after[:10]


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=str)
@pytest.mark.parametrize("path", ["/", ORDER, "/wire", "/faults"])
async def test_no_page_is_wider_than_its_screen(chromium, box, size, path):
    await box.rule("forged_signature")
    await box.precreate(label="pp000001 " + "W" * 90)
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.receiver.until(2)
    async with chromium.page(size=size) as page:
        await page.open(box.simulator.control_url + path)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.complaints == []


async def test_the_buyer_goes_from_the_operators_page_to_the_cashier(chromium, box):
    await box.precreate()
    async with chromium.page(size=DESKTOP) as page:
        await page.open(box.simulator.control_url + ORDER)
        cashier = await page.evaluate("document.querySelector('a[target=_blank]').href")
        await page.open(cashier)
        await page.press("button[value=pay]")
        await page.open(box.simulator.control_url + ORDER)
        await page.until("document.body.innerText.includes('TRADE_SUCCESS')")
        drawn = await page.evaluate(
            "[...document.querySelectorAll('svg text')].map(one => one.textContent.trim()).join('|')"
        )
    for told in ("looks at the order", "presses Pay", "paid 1.23", "alipay.trade.precreate"):
        assert told in drawn, told
