"""
The operator's pages over the wire: what they show, who may press their buttons, and that pressing does what it says.
"""

import io
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from harness.script.schema import Scenario
from mock_providers.operator.faultforms import forms
from mock_providers.registry import PROVIDERS
from tests.loopback.sandbox import sandbox
from tests.tidy.checks.tree import REPO

pytestmark = pytest.mark.asyncio

PROFILES = REPO / "scenarios" / "profiles"
ORDER = {"provider": "alipay", "order": "o1"}


class Desk:
    """A browser without any cleverness, at the operator's desk."""

    def __init__(self, box):
        self.box = box
        self.url = box.simulator.control_url
        self.key = ""

    async def get(self, path="/", *, status=200, **headers):
        async with self.box.session.get(self.url + path, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == status, text
            if found := re.search(r'name="key" value="([0-9a-f]+)"', text):
                self.key = found[1]
            return text

    async def press(self, act, *, status=303, headers=None, **fields):
        if not self.key:
            await self.get()
        fields = {
            "key": self.key,
            "back": "/",
            **{name.replace("__", "."): str(value) for name, value in fields.items()},
        }
        url = f"{self.url}/do/{act}"
        async with self.box.session.post(url, data=fields, headers=headers, allow_redirects=False) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text if status >= 400 else answer.headers["Location"]


@pytest.fixture
def desk(box):
    return Desk(box)


def kinds(box):
    return [delivery.planned.kind.value for delivery in box.simulator.notifier._deliveries.values()]


async def test_orders_are_listed_the_latest_first_and_filtered(desk):
    for number, subject in enumerate(("rose", "heart", "<i>rocket</i>"), 1):
        await desk.box.precreate(f"o{number}", label=f"pp00000{number} {subject}")
    await desk.press("buyer", **{**ORDER, "action": "pay"})
    page = await desk.get()
    assert page.index("o3") < page.index("o2") < page.index("o1")
    assert "&lt;i&gt;rocket&lt;/i&gt;" in page
    assert ("pp000002" in await desk.get("/?q=HEART"), "pp000001" in await desk.get("/?q=HEART")) == (True, False)
    paid = await desk.get("/?state=PAID")
    assert ("/orders/alipay/o1?" in paid, "/orders/alipay/o2?" in paid) == (True, False)
    assert "Nothing matches" in await desk.get("/?provider=alipay&q=nowhere")


async def test_many_orders_come_in_pages(desk):
    for number in range(30):
        await desk.box.precreate(f"o{number}", label=f"pp0000{number:02d}")
    first = await desk.get("/?q=pp")
    older = re.search(r'href="(/\?[^"]*before=\d+)"', first)
    assert older is not None
    second = await desk.get(older[1].replace("&amp;", "&"))
    seen = [re.findall(r"/orders/alipay/(o\d+)\?", page) for page in (first, second)]
    assert [len(set(one)) for one in seen] == [25, 5]
    assert not set(seen[0]) & set(seen[1])


async def test_an_order_page_draws_both_sides_and_writes_every_exchange_out(desk):
    await desk.box.rule("forged_signature")
    await desk.box.pay()
    await desk.box.receiver.until(2)
    await desk.box.refund("0.23", "r1")
    await desk.box.advance(1)
    page = await desk.get("/orders/alipay/o1")
    for told in ("alipay.trade.precreate", "paid 1.23", "notify payment", "refunded 0.23", "forged_signature"):
        assert told in page, told
    for wanted in re.findall(r'<a href="#(x\d+)"', page):
        assert f'id="{wanted}"' in page
    assert page.count('class="exchange') == 6
    assert "biz_content=" in page
    assert "<h4>String to sign</h4>" in page


async def test_a_wrong_signature_names_its_likeliest_cause(desk):
    params = desk.box.merchant.signed("alipay.trade.query", {"out_trade_no": "o1"})
    params["sign"] = desk.box.merchant.signed("alipay.trade.query", {"out_trade_no": "o1 "})["sign"]
    async with desk.box.session.post(desk.box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        assert "invalid-signature" in await answer.text()
    (entry,) = (await desk.box.control("GET", "/journal?signature=refused"))["items"]
    assert entry["doctor"]["sentence"]["en"] in (await desk.get("/wire?signature=refused")).replace("&#39;", "'")
    chinese = await desk.get("/wire?signature=refused", **{"Accept-Language": "zh"})
    assert entry["doctor"]["sentence"]["zh"] in chinese


async def test_the_buyers_buttons_move_the_book(desk):
    await desk.box.precreate()
    await desk.press("buyer", **ORDER, action="insufficient_balance")
    assert (await desk.box.control("GET", "/trades/alipay/o1"))["state"] == "WAITING"
    await desk.box.advance(4 * 3600)
    assert "is closed" in await desk.press("buyer", **ORDER, action="pay", status=409)
    await desk.press("buyer", **ORDER, action="pay_late")
    assert (await desk.box.control("GET", "/trades/alipay/o1"))["state"] == "PAID"


async def test_notifies_are_delivered_again_forged_and_tampered_with(desk):
    await desk.box.pay()
    await desk.box.receiver.until(1)
    await desk.press("again", **ORDER)
    await desk.press("forge", **ORDER)
    await desk.press("tamper", **ORDER, add_fen=-23, signed=1)
    received = await desk.box.receiver.until(4)
    assert kinds(desk.box) == ["true", "duplicate", "forged", "tampered"]
    assert [one.fields["total_amount"] for one in received] == ["1.23", "1.23", "1.23", "1.00"]
    assert "not 0" in await desk.press("tamper", **ORDER, add_fen="much", status=409)


async def test_a_notify_is_held_released_dropped_and_delivered(desk):
    await desk.box.rule("delay", seconds=600)
    await desk.box.rule("duplicate", copies=2)
    await desk.box.pay()
    ids = [item["id"] for item in (await desk.box.control("GET", "/notifies"))["items"]]
    for one in ids:
        await desk.press("hold", id=one)
    await desk.press("drop", id=ids[0])
    await desk.press("deliver", id=ids[1])
    await desk.press("release", id=ids[2])
    await desk.press("advance", seconds=700)
    done = (await desk.box.control("GET", "/notifies"))["items"][:3]
    assert [item["last_answer"].get("dropped", item["last_answer"].get("acked")) for item in done] == [True, True, True]
    assert len(desk.box.receiver.received) == 2
    assert "no longer pending" in await desk.press("drop", id=ids[0], status=409)
    assert "no longer remembered" in await desk.press("drop", id="n999", status=409)


async def test_the_next_rung_is_a_press_away(desk):
    desk.box.receiver.answer = lambda _: (200, b"fail")
    await desk.box.pay()
    await desk.box.receiver.until(1)
    assert "Next rung · in 4 min" in await desk.get("/orders/alipay/o1")
    for rung in (2, 3):
        await desk.press("next-rung", **ORDER)
        assert len(desk.box.receiver.received) == rung


async def test_faults_are_switched_on_and_off(credentials_dir):
    async with sandbox(credentials_dir, faults_file=PROFILES / "calm.yaml") as box:
        desk = Desk(box)
        page = await desk.get("/faults?order=pp000001")
        assert all(f'value="{one.name}"' in page for one in forms())
        await desk.press("add-rule", fault="duplicate", where__order="pp000001", with__copies=3, with__spacing_s="0")
        await desk.press("add-rule", fault="duplicate", where__nth=2, with__copies=1, with__concurrent=1)
        rules = (await box.control("GET", "/faults"))["rules"]
        assert [rule["id"] for rule in rules] == ["duplicate-1", "duplicate-2"]
        assert (rules[0]["with"]["copies"], rules[1]["with"]["concurrent"], rules[1]["where"]["nth"]) == (3, True, 2)
        await desk.press("remove-rule", id="duplicate-1")
        assert [rule["id"] for rule in (await box.control("GET", "/faults"))["rules"]] == ["duplicate-2"]
        await desk.press("profile", profile="storm")
        assert (await box.control("GET", "/faults"))["profile"] == "storm"
        await desk.press("profile", profile="calm")
        assert (await box.control("GET", "/faults"))["rules"] == []


@pytest.mark.parametrize(
    ("act", "fields", "told"),
    [
        ("add-rule", {"fault": "dorp"}, "Did you mean"),
        ("add-rule", {"fault": "duplicate", "with__copies": "many"}, "copies"),
        ("add-rule", {"fault": "duplicate", "where__chance": "7"}, "chance"),
        ("profile", {"profile": "../../x"}, "no profile is called"),
    ],
)
async def test_a_slip_in_a_rule_is_told_and_changes_nothing(desk, act, fields, told):
    assert told in await desk.press(act, status=400, **fields)
    assert (await desk.box.control("GET", "/faults"))["rules"] == []


async def test_what_happened_is_saved_as_a_scenario_that_the_harness_takes(desk):
    await desk.box.rule("duplicate", copies=2)
    await desk.box.rule("drop", {"nth": 1})
    await desk.box.pay()
    await desk.box.advance(300)
    await desk.press("forge", **ORDER)
    await desk.box.refund("1.23", "r1")
    text = await desk.get("/orders/alipay/o1/scenario.yaml")
    scenario = Scenario.model_validate(YAML(typ="safe").load(io.StringIO(text)))
    assert [(rule.fault, rule.where.api, rule.where.nth) for rule in scenario.faults][:3] == [
        ("duplicate", "payment", 1),
        ("drop", "payment", 1),
        ("duplicate", "payment", 2),
    ]
    assert ("forged_signature", "payment") in [(rule.fault, rule.where.api) for rule in scenario.faults]
    assert [step.text for step in scenario.steps] == [
        "open",
        "pay",
        "advance by=6m",
        "refund amount_fen=all",
        "settle",
        "look",
    ]
    assert (scenario.load.payments, scenario.load.amount_fen, scenario.expect.paid) == (1, 123, 1)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:9"},
        {"Origin": "https://shop.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "shop.example"},
    ],
    ids=str,
)
async def test_nobody_elses_page_presses_a_button(desk, headers):
    await desk.box.precreate()
    await desk.press("buyer", **ORDER, action="pay", headers=headers, status=403)
    assert (await desk.box.control("GET", "/trades/alipay/o1"))["paid_fen"] == 0


async def test_a_form_without_its_key_or_for_nothing_is_refused(desk):
    await desk.box.precreate()
    await desk.press("buyer", **ORDER, action="pay", key="0" * 43, status=403)
    await desk.press("explode", status=403)
    assert (await desk.box.control("GET", "/trades/alipay/o1"))["paid_fen"] == 0


@pytest.mark.parametrize("back", ["https://shop.example", "//shop.example", "/\\shop.example", "/\nx", ""])
async def test_a_form_leads_nowhere_else(desk, back):
    assert await desk.press("advance", seconds=1, back=back) == "/"
    assert await desk.press("advance", seconds=1, back="/wire?order=o1") == "/wire?order=o1"


async def test_an_order_that_is_not_there_says_so(desk):
    assert "knows no order" in await desk.get("/orders/alipay/none", status=404)
    await desk.get("/nowhere", status=404)


@pytest.mark.parametrize("order", ["a b", "ä/ö?#%", "<script>"])
async def test_odd_order_numbers_have_their_pages(desk, order):
    await desk.box.precreate()
    book, now = desk.box.simulator.book, desk.box.simulator.schedule.now()
    (trade,) = book.trades(now=now)
    book.clear()
    book.open(replace(trade.opening, out_trade_no=order))
    (href,) = set(re.findall(r'href="(/orders/[^"]+)"', await desk.get()))
    page = await desk.get(href.replace("&amp;", "&"))
    assert "<script>" not in page.replace("<script>\n", "").split("</main>")[0]
    assert "¥1.23" in page


async def test_with_a_token_a_browser_gives_it_once(credentials_dir):
    async with sandbox(credentials_dir, control_token="s3cret") as box:
        desk = Desk(box)
        del box.session.headers["Authorization"]
        page = await desk.get(status=401)
        assert "asks for its token" in page
        await desk.press("buyer", **ORDER, action="pay", status=401)
        for shown, status in (("wrong", 401), ("s3cret", 303)):
            fields = {"token": shown, "key": desk.key}
            async with box.session.post(desk.url + "/", data=fields, allow_redirects=False) as answer:
                assert answer.status == status
        assert "SameSite=Strict" in answer.headers["Set-Cookie"]
        assert "s3cret" not in answer.headers["Set-Cookie"]
        cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
        assert "Orders" in await desk.get(**cookie)
        url = f"{desk.url}/control/v1/reset"
        async with box.session.post(url, headers=cookie) as refused:
            assert refused.status == 401, "no page of another port resets anything with the cookie"


async def test_every_word_is_there_in_both_languages(desk):
    await desk.box.pay()
    for path in ("/", "/orders/alipay/o1", "/wire", "/faults", "/orders/alipay/none"):
        status = 404 if path.endswith("none") else 200
        chinese = await desk.get(path, status=status, **{"Accept-Language": "zh-CN"})
        assert 'lang="zh-CN"' in chinese
        assert "订单" in chinese


async def test_pages_load_nothing_from_anywhere(desk):
    async with desk.box.session.get(desk.url + "/") as answer:
        policy, page = answer.headers["Content-Security-Policy"], await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for link in re.findall(r'(?:href|src|action)="([^"]+)"', page):
        assert urlsplit(link).scheme in {"", "data"}, link


@pytest.mark.parametrize(
    ("channel", "trade"),
    [
        ("alipay", {"provider": "alipay"}),
        ("alipay_v3", {"provider": "alipay", "details": {"open_api": "Y"}}),
        ("wechatpay_v3", {"provider": "wechatpay", "details": {"language": "v3"}}),
        ("wechatpay_v2", {"provider": "wechatpay", "details": {"language": "v2"}}),
        ("unionpay_rsa", {"provider": "unionpay", "details": {"signMethod": "01"}}),
        ("unionpay_keyed", {"provider": "unionpay", "details": {"signMethod": "12"}}),
        ("unionpay_sm2", {"provider": "unionpay", "details": {"signMethod": "21"}}),
    ],
)
async def test_a_saved_scenario_names_the_orders_own_channel(desk, channel, trade):
    await desk.box.pay()
    like = desk.box.simulator.book.by_order("alipay", "o1", now=desk.box.simulator.schedule.now())
    desk.box.simulator.book.open(replace(like.opening, out_trade_no="other", **trade))
    text = await desk.get(f"/orders/{trade['provider']}/other/scenario.yaml")
    assert Scenario.model_validate(YAML(typ="safe").load(io.StringIO(text))).channel == channel
    assert channel in PROVIDERS[trade["provider"]].channels
