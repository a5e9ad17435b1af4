"""
Rows of Alipay's chaos table about bills, certificates, transfers, limits of OpenAPI v3 and the buyer's way back.
"""

import html
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature

from tests.chaos.kit import DAY_S, PAY, QUERY, answers, pay
from tests.loopback.sandbox import Sandbox, answer_body, sandbox
from tests.unit.mock_providers.v3_merchant import V3Merchant, lines

pytestmark = pytest.mark.asyncio

BILL = "alipay.data.dataservice.bill.downloadurl.query"
TRANSFER, COMMON_QUERY = "alipay.fund.trans.uni.transfer", "alipay.fund.trans.common.query"
RETURN_URL = "http://127.0.0.1:9/back?x=1"


async def bill(box: Sandbox, day: str) -> dict[str, Any]:
    return await box.call(BILL, {"bill_type": "trade", "bill_date": day})


async def fetched(box: Sandbox, url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    async with box.session.get(f"{box.simulator.alipay_url}{parts.path}?{parts.query}") as answer:
        return answer.status, await answer.read()


def details(archive: bytes) -> list[list[str]]:
    """
    The rows of the details, as a careful merchant reads them: names and text in GBK, tabs stripped.
    """
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        names = {name: name.encode("cp437").decode("gbk") for name in file.namelist()}
        (detailed,) = [name for name, told in names.items() if told.endswith("明细.csv")]
        text = file.read(detailed).decode("gbk")
    rows = [line.split(",") for line in text.split("\r\n") if line and not line.startswith("#")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


async def two_days(box: Sandbox) -> str:
    """
    A payment and a refund; comes back at noon of the next day in Beijing, with the day of the payment.
    """
    now = box.simulator.schedule.now()
    day = datetime.fromtimestamp(now.timestamp() + 8 * 3600, UTC)
    await pay(box)
    await box.refund("0.23", "r1")
    await box.advance(DAY_S - (day.hour * 3600 + day.minute * 60 + day.second) + 12 * 3600)
    return f"{day:%Y-%m-%d}"


async def test_a_bill_is_not_ready_then_there_in_gbk_and_its_address_dies(box):
    now = datetime.fromtimestamp(box.simulator.schedule.now().timestamp() + 8 * 3600, UTC)
    early = await bill(box, f"{now:%Y-%m-%d}")
    assert early["code"] == "40004"
    day = await two_days(box)
    url = (await bill(box, day))["bill_download_url"]
    status, archive = await fetched(box, url)
    assert status == 200
    payment, refund = details(archive)
    assert ("1.23" in payment, "-0.23" in refund, "r1" in refund) == (True, True, True)
    await box.advance(31)
    dead = await fetched(box, url)
    assert not dead[1].startswith(b"PK")
    pages = [entry for entry in await box.journal("in") if entry["response"] and entry["api"] != BILL]
    assert [answer_body(entry)[:2] == b"PK" for entry in pages if "biz" not in entry["api"]][-2:] == [True, False]


async def test_a_day_without_business_has_no_bill(box):
    await box.advance(2 * DAY_S)
    yesterday = datetime.fromtimestamp(box.simulator.schedule.now().timestamp() + 8 * 3600 - DAY_S, UTC)
    await bill(box, f"{yesterday:%Y-%m-%d}")
    (told,) = await answers(box, BILL)
    assert told["code"] == "40004"
    assert "bill_download_url" not in told


@pytest.mark.parametrize("kind", ["missing_row", "extra_row"])
async def test_a_bill_has_rows_too_few_or_too_many(box, kind):
    day = await two_days(box)
    planted = {"provider": "alipay", "day": day, "kind": kind, "out_trade_no": "o1"}
    await box.control("POST", "/bills/planted", planted)
    _, archive = await fetched(box, (await bill(box, day))["bill_download_url"])
    assert len(details(archive)) != 2


async def test_a_certificate_is_renewed_and_the_next_one_signs(box):
    facts = json.loads((box.merchant.directory / "credentials.json").read_text())["alipay"]
    serials = {name: facts[name] for name in ("app_cert_sn", "alipay_root_cert_sn")}
    await box.rule("certificate_rotation", {"on": "reply", "nth": 2, "order": "*"})
    url = box.simulator.alipay_url + "/gateway.do"
    named = []
    for _ in range(2):
        params = box.merchant.signed(QUERY, {"out_trade_no": "o1", "x": "pp000001"}, **serials)
        async with box.session.post(url, data=params) as answer:
            named.append(json.loads(await answer.read())["alipay_cert_sn"])
    entries = await box.journal("in")
    assert [entry["fault"] for entry in entries] == [None, "certificate_rotation"]
    assert named == [json.loads(answer_body(entry))["alipay_cert_sn"] for entry in entries]
    assert named[0] == facts["alipay_cert_sn"] != named[1]


TRANSFERRED = {
    "out_biz_no": "b1",
    "trans_amount": "8.88",
    "product_code": "TRANS_ACCOUNT_NO_PWD",
    "biz_scene": "DIRECT_TRANSFER",
    "payee_info": {"identity": "2088000000000009", "identity_type": "ALIPAY_USER_ID"},
    "order_title": "red packet pp000001",
}


async def test_a_transfer_stumbles_although_the_money_moved(credentials_dir):
    async with sandbox(credentials_dir, alipay_payout_needs_certificate=False) as box:
        await box.rule("system_error", {"api": TRANSFER, "nth": 1})
        first = await box.call(TRANSFER, TRANSFERRED)
        assert first["sub_code"] == "SYSTEM_ERROR"
        asked = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER", "out_biz_no": "b1"}
        assert (await box.call(COMMON_QUERY, asked))["status"] == "SUCCESS"
        assert (await box.call(TRANSFER, TRANSFERRED))["status"] == "SUCCESS"
        assert [one["code"] for one in await answers(box, TRANSFER)] == ["40004", "10000"]
        assert len(list(box.simulator.book.payouts)) == 1


async def test_a_transfer_is_dealt_with_and_then_comes_back(credentials_dir):
    async with sandbox(credentials_dir, alipay_payout_needs_certificate=False, alipay_payout_settles_s=60) as box:
        await box.rule("in_process", {"api": TRANSFER, "nth": 1}, work=False)
        await box.call(TRANSFER, TRANSFERRED)
        asked = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER", "out_biz_no": "b1"}
        for seconds in (0, 3600):
            await box.advance(seconds)
            await box.call(COMMON_QUERY, asked)
        told = [*await answers(box, TRANSFER), *await answers(box, COMMON_QUERY)]
        assert [one["status"] for one in told] == ["DEALING", "DEALING", "REFUND"]


async def test_v3_limits_calls_with_429(box):
    await pay(box)
    await box.rule("busy", {"nth": 1, "on": "reply", "api": "*trade*query"})
    merchant = V3Merchant(box.merchant.directory)
    statuses = []
    for _ in range(2):
        now_ms = round(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  the stamp clock is the machine's
        auth, body = merchant.auth(timestamp=str(now_ms)), '{"out_trade_no":"o1"}'
        path = "/v3/alipay/trade/query"
        signed = merchant.sign(lines(auth, "POST", path, body))
        headers = {"authorization": f"ALIPAY-SHA256withRSA {auth},sign={signed}", "content-type": "application/json"}
        async with box.session.post(box.simulator.alipay_url + path, data=body, headers=headers) as answer:
            statuses.append((answer.status, (await answer.json()).get("trade_status")))
    assert statuses == [(429, None), (200, "TRADE_SUCCESS")]
    entries = [entry for entry in await box.journal("in") if entry["api"] != PAY]
    assert [entry["response"]["status"] for entry in entries] == [429, 200]


async def test_the_way_back_is_signed_and_proves_nothing(box):
    form = {
        "out_trade_no": "o1",
        "total_amount": "1.23",
        "subject": "tip pp000001",
        "product_code": "FAST_INSTANT_TRADE_PAY",
    }
    params = box.merchant.signed("alipay.trade.page.pay", form, notify_url=box.receiver.url, return_url=RETURN_URL)
    url = box.simulator.alipay_url + "/gateway.do"
    async with box.session.post(url, data=params, allow_redirects=False) as answer:
        cashier = answer.headers["Location"]
    till = box.simulator.alipay_url + urlsplit(cashier).path
    async with box.session.get(till) as answer:
        key = re.findall(r'name="key" value="([0-9a-f]+)"', await answer.text())[0]
    async with box.session.post(till, data={"action": "pay", "key": key}) as answer:
        shown = [str(answer.url), await answer.text()]
    links = [_link(answer_body((await box.journal("in"))[-1]).decode())]
    async with box.session.get(shown[0]) as answer:
        links.append(_link(await answer.text()))
    assert links[0].startswith(RETURN_URL)
    assert links[1] in {"", links[0]}  # a page that is loaded again may repeat it, byte for byte
    back = dict(parse_qsl(urlsplit(links[0]).query))
    assert _signed(box, back)
    assert not _signed(box, back | {"total_amount": "9.99"})
    assert "trade_status" not in back


def _link(page: str) -> str:
    return next((html.unescape(link) for link in re.findall(r'href="([^"]*)"', page) if "sign=" in link), "")


def _signed(box: Sandbox, back: dict[str, str]) -> bool:
    told = {name: value for name, value in back.items() if name not in {"sign", "sign_type", "x"}}
    text = "&".join(f"{name}={told[name]}" for name in sorted(told))
    try:
        box.merchant.verify(text.encode(), back["sign"])
    except InvalidSignature:
        return False
    return True


async def test_there_may_be_no_way_back(box):
    await box.precreate()
    cashier = (await box.control("GET", "/trades/alipay/o1"))["cashier_path"]
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    async with aiohttp.ClientSession() as browser, browser.get(box.simulator.alipay_url + cashier) as answer:
        await answer.read()
    assert b"sign=" not in answer_body((await box.journal("in"))[-1])
