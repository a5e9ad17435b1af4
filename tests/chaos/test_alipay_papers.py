"""
Rows of Alipay's chaos table about bills, certificates, transfers, limits of OpenAPI v3 and the buyer's way back.
"""

import base64
import html
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from tests.chaos.kit import DAY_S, PAY, QUERY, answers, pay, query, told
from tests.loopback.sandbox import Sandbox, answer_body, sandbox
from tests.unit.mock_providers.v3_merchant import V3Merchant, lines

pytestmark = pytest.mark.asyncio

BILL = "alipay.data.dataservice.bill.downloadurl.query"
TRANSFER, COMMON_QUERY = "alipay.fund.trans.uni.transfer", "alipay.fund.trans.common.query"
RETURN_URL = "http://127.0.0.1:9/back?x=1"


async def bill(box: Sandbox, day: str, kind: str = "trade") -> dict[str, Any]:
    return await box.call(BILL, {"bill_type": kind, "bill_date": day})


async def fetched(box: Sandbox, url: str) -> bytes:
    """
    What is behind a bill's address, as the journal holds it.
    """
    parts = urlsplit(url)
    async with box.session.get(f"{box.simulator.alipay_url}{parts.path}?{parts.query}") as answer:
        body = await answer.read()
    assert answer_body((await box.journal("in"))[-1]) == body
    return body


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


async def two_days(box: Sandbox, *, hour: int = 12) -> str:
    """
    A payment and a refund; comes back at *hour* of the next day in Beijing, with the day of the payment.
    """
    now = box.simulator.schedule.now()
    day = datetime.fromtimestamp(now.timestamp() + 8 * 3600, UTC)
    await pay(box)
    await box.refund("0.23", "r1")
    await box.advance(DAY_S - (day.hour * 3600 + day.minute * 60 + day.second) + hour * 3600)
    return f"{day:%Y-%m-%d}"


async def test_a_bill_is_not_ready_then_there_in_gbk_and_its_address_dies(box):
    day = await two_days(box, hour=8)
    await bill(box, day)
    await box.advance(3600)
    url = (await bill(box, day))["bill_download_url"]
    assert [one.get("sub_code") for one in await answers(box, BILL)] == ["BILL_NOT_EXIST", None]
    payment, refund = details(await fetched(box, url))
    assert ("1.23" in payment, "-0.23" in refund, "r1" in refund) == (True, True, True)
    await box.advance(31)
    assert not (await fetched(box, url)).startswith(b"PK")
    fresh = (await bill(box, day))["bill_download_url"]
    assert fresh != url
    assert details(await fetched(box, fresh)) == [payment, refund]


async def test_a_day_without_business_has_no_bill(box):
    # Two days back: yesterday's bill is not made before the morning, whatever the hour at which this is played.
    await box.advance(2 * DAY_S)
    over = datetime.fromtimestamp(box.simulator.schedule.now().timestamp() + 8 * 3600 - 2 * DAY_S, UTC)
    await bill(box, f"{over:%Y-%m-%d}")
    (told,) = await answers(box, BILL)
    assert (told["code"], told["sub_code"]) == ("40004", "NO_BILL_DATA")
    assert "bill_download_url" not in told


@pytest.mark.parametrize(("kind", "rows"), [("missing_row", 1), ("extra_row", 3)])
async def test_a_bill_has_rows_too_few_or_too_many(box, kind, rows):
    day = await two_days(box)
    planted = {"provider": "alipay", "day": day, "kind": kind, "out_trade_no": "o1"}
    await box.control("POST", "/bills/planted", planted)
    assert len(details(await fetched(box, (await bill(box, day))["bill_download_url"]))) == rows


async def test_a_bill_tells_of_fees(credentials_dir):
    """
    In the bill of trades the fee is a column, in the journal of the account a row of its own.
    """
    async with sandbox(credentials_dir, alipay_fee_basis_points=600) as box:
        day = await two_days(box)
        trades = details(await fetched(box, (await bill(box, day))["bill_download_url"]))
        url = (await bill(box, day, "signcustomer"))["bill_download_url"]
        account = details(await fetched(box, url))
    assert [(row[2], row[12], row[22]) for row in trades] == [("交易", "1.23", "-0.07"), ("退款", "-0.23", "0.00")]
    fees = [row for row in account if row[10] == "收费"]
    assert [row[7] for row in fees] == ["-0.07"]
    assert {row[2] for row in account} == {"o1"}


async def serials(box: Sandbox) -> dict[str, str]:
    return dict(json.loads((box.merchant.directory / "credentials.json").read_text())["alipay"])


async def test_a_certificate_is_renewed_and_the_next_one_signs(box):
    facts = await serials(box)
    named_by_us = {name: facts[name] for name in ("app_cert_sn", "alipay_root_cert_sn")}
    await box.rule("certificate_rotation", {"on": "reply", "nth": 2, "order": "*"})
    url = box.simulator.alipay_url + "/gateway.do"
    named = []
    for _ in range(2):
        params = box.merchant.signed(QUERY, {"out_trade_no": "o1", "x": "pp000001"}, **named_by_us)
        async with box.session.post(url, data=params) as answer:
            named.append(json.loads(await answer.read())["alipay_cert_sn"])
    entries = await box.journal("in")
    assert [entry["fault"] for entry in entries] == [None, "certificate_rotation"]
    assert named == [json.loads(answer_body(entry))["alipay_cert_sn"] for entry in entries]
    assert named[0] == facts["alipay_cert_sn"] != named[1]


async def v3_query(box: Sandbox, **auth: str) -> tuple[int, dict[str, Any]]:
    """
    How order o1 stands, asked by OpenAPI v3: status and body.
    """
    merchant, path, body = V3Merchant(box.merchant.directory), "/v3/alipay/trade/query", '{"out_trade_no":"o1"}'
    now_ms = round(datetime.now(UTC).timestamp() * 1000)  # noqa: TID251  the stamp clock is the machine's
    claims = merchant.auth(timestamp=str(now_ms), **auth)
    headers = {
        "authorization": f"ALIPAY-SHA256withRSA {claims},sign={merchant.sign(lines(claims, 'POST', path, body))}",
        "content-type": "application/json",
    }
    async with box.session.post(box.simulator.alipay_url + path, data=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_v3_names_the_next_certificate_and_it_can_be_fetched(box):
    facts = await serials(box)
    await box.rule("certificate_rotation", {"on": "reply", "nth": 2, "order": "*", "api": QUERY})
    for _ in range(2):
        await v3_query(box, app_cert_sn=facts["app_cert_sn"])
    first, second = await box.journal("in")
    told = [{name.lower(): value for name, value in one["response"]["headers"]} for one in (first, second)]
    assert told[0]["alipay-sn"] == facts["alipay_cert_sn"] != told[1]["alipay-sn"]
    found = await box.call("alipay.open.app.alipaycert.download", {"alipay_cert_sn": told[1]["alipay-sn"]})
    key: Any = load_pem_x509_certificate(base64.b64decode(found["alipay_cert_content"])).public_key()
    stamp, nonce = told[1]["alipay-timestamp"], told[1]["alipay-nonce"]
    signed = f"{stamp}\n{nonce}\n".encode() + answer_body(second) + b"\n"
    key.verify(base64.b64decode(told[1]["alipay-signature"]), signed, PKCS1v15(), SHA256())


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
    told = [await v3_query(box) for _ in range(2)]
    assert [(status, said.get("trade_status")) for status, said in told] == [(429, None), (200, "TRADE_SUCCESS")]
    entries = [entry for entry in await box.journal("in") if entry["api"] != PAY]
    assert [entry["response"]["status"] for entry in entries] == [429, 200]


async def at_the_cashier(box: Sandbox, order: str = "o1", **more: str) -> str:
    """
    The address of the page on which the buyer pays *order*.
    """
    form = {"out_trade_no": order, "total_amount": "1.23", "subject": "tip pp000001"}
    form |= {"product_code": "FAST_INSTANT_TRADE_PAY"}
    params = box.merchant.signed("alipay.trade.page.pay", form, notify_url=box.receiver.url, **more)
    url = box.simulator.alipay_url + "/gateway.do"
    async with box.session.post(url, data=params, allow_redirects=False) as answer:
        return box.simulator.alipay_url + urlsplit(answer.headers["Location"]).path


async def paid_there(box: Sandbox, till: str) -> str:
    """
    The buyer pays and looks at the page again: the way back that both pages offer, out of the journal's bytes.
    """
    async with box.session.get(till) as answer:
        key = re.findall(r'name="key" value="([0-9a-f]+)"', await answer.text())[0]
    async with box.session.post(till, data={"action": "pay", "key": key}) as answer:
        shown = str(answer.url)
    links = [_link(answer_body((await box.journal("in"))[-1]).decode())]
    async with box.session.get(shown) as answer:
        await answer.read()
    links.append(_link(answer_body((await box.journal("in"))[-1]).decode()))
    assert links[0] == links[1], "who loads the page again is sent back once more, byte for byte"
    return links[0]


async def test_the_way_back_is_signed_and_proves_nothing(box):
    link = await paid_there(box, await at_the_cashier(box, return_url=RETURN_URL))
    await at_the_cashier(box, "o2", return_url=RETURN_URL)
    assert link.startswith(RETURN_URL)
    back = dict(parse_qsl(urlsplit(link).query))
    assert _signed(box, back)
    assert "trade_status" not in back
    # Forged: the same words about an order that nobody has paid.
    assert not _signed(box, back | {"out_trade_no": "o2"})
    # Repeated: as good as ever, when all of the money has long gone back.
    await box.refund("1.23", "r1")
    assert _signed(box, back)
    for order in ("o1", "o2"):
        await query(box, order)
    assert [one["trade_status"] for one in await answers(box, QUERY)] == ["TRADE_CLOSED", "WAIT_BUYER_PAY"]


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
    assert await paid_there(box, await at_the_cashier(box)) == ""
    await box.receiver.until(1)
    await box.advance(0)
    await query(box)
    assert [one["trade_status"] for one in await told(box)] == ["TRADE_SUCCESS"]
    assert [one["trade_status"] for one in await answers(box, QUERY)] == ["TRADE_SUCCESS"]
