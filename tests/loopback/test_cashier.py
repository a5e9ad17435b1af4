"""
The cashier over the wire: whoever opens a link sees the order, and nobody but its own form moves money.
"""

import re

import aiohttp
import pytest
from yarl import URL

from mock_providers.core.provider import Departure
from tests.loopback.sandbox import raw_body

pytestmark = pytest.mark.asyncio

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202e"


class Till:
    """A browser without any cleverness."""

    def __init__(self, box):
        self.box = box
        self.path = ""

    async def come(self, order="o1", **opening):
        await self.box.precreate(order, **opening)
        self.path = (await self.box.control("GET", f"/trades/alipay/{order}"))["cashier_path"]
        return self

    async def get(self, query="", **headers):
        async with self.box.session.get(self.box.simulator.alipay_url + self.path + query, headers=headers) as answer:
            return answer.status, await answer.text()

    async def press(self, action, *, key=None, **headers):
        _, page = await self.get()
        fields = {"action": action, "key": key if key is not None else key_of(page)}
        url = self.box.simulator.alipay_url + self.path
        async with self.box.session.post(url, data=fields, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location"), await answer.text()

    async def state(self, order="o1"):
        return (await self.box.control("GET", f"/trades/alipay/{order}"))["state"]


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f]+)"', page)
    return found[1] if found else "none"


async def test_the_page_tells_the_order_and_looking_at_it_is_scanning(box):
    till = await Till(box).come(total="12.30")
    assert await till.state() == "CREATED"
    status, page = await till.get()
    assert status == 200
    merchant_id = (await box.control("GET", "/trades/alipay/o1"))["merchant_id"]
    for told in ("¥12.30", "tip pp000001", "o1", merchant_id, "Pay before"):
        assert told in page
    assert await till.state() == "WAITING"


async def test_pressing_pay_pays_once_and_loading_the_result_again_pays_no_more(box):
    till = await Till(box).come()
    status, location, _ = await till.press("pay")
    assert (status, location) == (303, f"{till.path}?said=pay")
    await box.receiver.until(1)
    for _ in range(2):
        status, page = await till.get("?said=pay")
        assert (status, "Paid" in page) == (200, True)
    assert await till.state() == "PAID"
    assert len(box.receiver.received) == 1


@pytest.mark.parametrize("action", ["insufficient_balance", "wrong_password"])
async def test_a_failure_is_told_and_the_buyer_may_try_again(box, action):
    till = await Till(box).come()
    status, location, _ = await till.press(action)
    assert (status, location) == (303, f"{till.path}?said={action}")
    _, page = await till.get(f"?said={action}")
    assert "Nothing was paid" in page
    assert await till.state() == "WAITING"
    assert (await till.press("pay"))[0] == 303
    assert await till.state() == "PAID"


async def test_leaving_pays_nothing(box):
    till = await Till(box).come()
    await till.press("cancel")
    _, page = await till.get("?said=cancel")
    assert "You left without paying" in page
    assert await till.state() == "WAITING"


async def test_pay_late_is_offered_to_a_buyer_who_came_before_the_end(box):
    till = await Till(box).come()
    await till.get()
    await box.advance(3 * 3600)
    _, page = await till.get()
    assert 'value="pay_late"' in page
    assert 'value="pay"' not in page
    assert (await till.press("pay_late"))[1] == f"{till.path}?said=pay_late"
    assert await till.state() == "PAID"


async def test_nobody_pays_late_who_never_came(box):
    till = await Till(box).come()
    await box.advance(3 * 3600)
    _, page = await till.get()
    assert "This order is closed" in page
    assert "<button" not in page


@pytest.mark.parametrize(
    ("headers", "key"),
    [({}, ""), ({}, "0" * 43), ({"Sec-Fetch-Site": "cross-site"}, None), ({"Sec-Fetch-Site": "same-site"}, None)],
)
async def test_a_form_of_somebody_elses_presses_nothing(box, headers, key):
    till = await Till(box).come()
    status, location, page = await till.press("pay", key=key, **headers)
    assert (status, location) == (403, None)
    assert "out of date" in page
    assert await till.state() == "WAITING"


async def test_the_key_of_one_order_opens_no_other(box):
    first, second = await Till(box).come("o1"), await Till(box).come("o2", label="pp000002")
    key = key_of((await first.get())[1])
    assert (await second.press("pay", key=key))[0] == 403
    assert await second.state("o2") == "WAITING"


async def test_paying_what_was_paid_meanwhile_is_refused_with_the_reason(box):
    till = await Till(box).come()
    _, page = await till.get()
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    status, _, told = await till.press("pay", key=key_of(page))
    assert (status, "paid already" in told) == (409, True)


async def test_hostile_texts_stay_texts(box):
    await box.call("alipay.trade.precreate", {"out_trade_no": "o1", "total_amount": "1.00", "subject": HOSTILE})
    till = Till(box)
    till.path = (await box.control("GET", "/trades/alipay/o1"))["cashier_path"]
    _, page = await till.get("?said=%3Cscript%3E&lang=%22%3E%3Cscript%3E")
    assert "<script" not in page
    assert "<img" not in page
    assert "{{7*7}}" in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("query", "accepted", "told"),
    [
        ("", "", "Pay before"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "支付截止"),
        ("", "en-GB,zh;q=0.5", "Pay before"),
        ("", "fr,zh-TW;q=0.4,en;q=0.3", "支付截止"),
        ("", "zh;q=nonsense", "Pay before"),
        ("?lang=zh", "en", "支付截止"),
        ("?lang=en", "zh", "Pay before"),
        ("?lang=klingon", "zh", "支付截止"),
    ],
)
async def test_the_reader_chooses_the_language(box, query, accepted, told):
    till = await Till(box).come()
    assert told in (await till.get(query, **{"Accept-Language": accepted}))[1]


async def test_a_page_lets_a_browser_do_nothing_else(box):
    till = await Till(box).come()
    async with box.session.get(box.simulator.alipay_url + till.path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("token", ["", "x", "0" * 24 + "-1", "../gateway.do", "a/b"])
async def test_a_link_to_nothing_says_so(box, token):
    till = Till(box)
    till.path = f"/_cashier/{token}"
    async with box.session.get(URL(box.simulator.alipay_url + till.path, encoded=True)) as answer:
        assert (answer.status, "There is no such order" in await answer.text()) == (404, True)


async def test_the_text_of_a_qr_code_leads_to_the_cashier(box):
    qr_code = (await box.precreate())["qr_code"]
    path = qr_code.removeprefix("https://qr.alipay.com")
    async with box.session.get(box.simulator.alipay_url + path) as answer:
        assert answer.url.path.startswith("/_cashier/")
        assert "¥1.23" in await answer.text()


@pytest.mark.parametrize(
    ("departure", "shown"),
    [
        (
            Departure("https://shop.example/back?a=1&sign=b%2Fc"),
            'content="3;url=https://shop.example/back?a=1&amp;sign=b%2Fc"',
        ),
        (Departure("https://shop.example/front", "POST", {'txn"Amt': "<1>"}), 'name="txn&#34;Amt" value="&lt;1&gt;"'),
        (Departure("javascript:alert(1)"), "gave no page to go back to"),
        (Departure("https://"), "gave no page to go back to"),
        (Departure("http://[::bad"), "gave no page to go back to"),
        (None, "gave no page to go back to"),
    ],
)
async def test_the_buyer_departs_as_the_provider_says(box, monkeypatch, departure, shown):
    monkeypatch.setattr(box.simulator.providers["alipay"], "departure", lambda _: departure)
    till = await Till(box).come()
    await till.press("pay")
    _, page = await till.get("?said=pay")
    assert shown in page
    _, later = await till.get()
    assert "shop.example" not in later, "who looks again later stays"


async def test_every_visit_stands_in_the_journal_and_uses_up_no_fault(box):
    await box.rule("timeout_after", {"on": "reply", "nth": 1})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await box.precreate()
    till = Till(box)
    till.path = (await box.control("GET", "/trades/alipay/o1"))["cashier_path"]
    await till.press("pay")
    visits = [item for item in await box.journal("in") if item["api"].startswith("cashier")]
    assert [(item["api"], item["order"], item["signature_ok"]) for item in visits] == [
        ("cashier", "o1", None),
        ("cashier.pay", "o1", None),
    ]
    assert raw_body(visits[1]).startswith(b"action=pay&key=")


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=1&" * 100, b"action=pay&key=" + b"0" * 20_000, b"action=fly"])
async def test_odd_forms_press_nothing(box, body):
    till = await Till(box).come()
    async with box.session.post(box.simulator.alipay_url + till.path, data=body) as answer:
        assert answer.status == 403
    assert (await box.control("GET", "/trades/alipay/o1"))["paid_fen"] == 0
