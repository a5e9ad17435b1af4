"""
Alipay's other ways to pay, over sockets: a page from form to way back, a phone, a barcode, a bill with a planted
difference, and a transfer whose result is told to the application gateway.
"""

import io
import json
import re
import zipfile
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.loopback.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.asyncio

RETURN_URL = "http://127.0.0.1:9/back"
ORDER = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip pp000001"}
BILL = "alipay.data.dataservice.bill.downloadurl.query"


def form(box: Sandbox, method: str) -> dict[str, str]:
    return box.merchant.signed(method, ORDER, notify_url=box.receiver.url, return_url=RETURN_URL)


async def opened(box: Sandbox, method: str) -> str:
    """
    A browser posts the form and follows it to the cashier; the cashier's page is returned.
    """
    gateway = box.simulator.alipay_url + "/gateway.do"
    async with box.session.post(gateway, data=form(box, method), allow_redirects=False) as sent_on:
        assert sent_on.status == 302
        where = box.simulator.alipay_url + sent_on.headers["Location"]
    async with box.session.get(where) as page:
        assert page.status == 200
        text = await page.text()
    key = re.search(r'name="key" value="([0-9a-f]+)"', text)
    assert key
    async with box.session.post(where, data={"action": "pay", "key": key[1]}) as paid:
        assert paid.status == 200
        return await paid.text()


async def test_a_page_payment_from_the_form_to_the_way_back(box):
    page = await opened(box, "alipay.trade.page.pay")
    assert RETURN_URL in page
    (notify,) = await box.receiver.until(1)
    assert (notify.fields["out_trade_no"], notify.fields["trade_status"]) == ("o1", "TRADE_SUCCESS")
    entries = [item for item in await box.journal("in") if item["api"] == "alipay.trade.page.pay"]
    assert [(item["signature_ok"], item["fault"]) for item in entries] == [(True, None)]


async def test_a_page_that_is_refused_is_html_and_journalled(box):
    gateway = box.simulator.alipay_url + "/gateway.do"
    async with box.session.post(gateway, data=form(box, "alipay.trade.wap.pay") | {"sign": "AAAA"}) as refused:
        assert (refused.status, refused.headers["Content-Type"]) == (200, "text/html;charset=GBK")
        assert "invalid-signature" in (await refused.read()).decode("gbk")
    (entry,) = await box.journal("in")
    assert entry["signature_ok"] is False


async def test_an_app_payment_ends_with_the_phones_result(box):
    order_text = urlencode(form(box, "alipay.trade.app.pay"))
    url = f"{box.simulator.alipay_url}/gateway.do?{order_text}"
    async with box.session.get(url, allow_redirects=False) as sent_on:
        assert sent_on.status == 302
        token = sent_on.headers["Location"].rpartition("/")[2]
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    async with box.session.get(f"{box.simulator.alipay_url}/_alipay/phone/{token}") as answer:
        told = await answer.json()
    assert told["resultStatus"] == "9000"
    assert json.loads(told["result"])["alipay_trade_app_pay_response"]["out_trade_no"] == "o1"


async def test_an_apps_text_is_opened_like_a_scanned_code(box):
    order_text = urlencode(form(box, "alipay.trade.app.pay"))
    trade = await box.control("POST", "/qr", {"qr_code": order_text, "action": "pay"})
    assert (trade["out_trade_no"], trade["state"]) == ("o1", "PAID")
    await box.receiver.until(1)


async def test_a_barcode_waits_for_its_buyer_and_is_told(box):
    business = ORDER | {"auth_code": "289900000000000001", "scene": "bar_code"}
    answer = await box.call("alipay.trade.pay", business, notify_url=box.receiver.url)
    assert answer["code"] == "10003"
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    (notify,) = await box.receiver.until(1)
    assert notify.fields["trade_no"] == answer["trade_no"]


async def test_a_bill_is_fetched_where_it_was_asked_for_with_what_was_planted(box):
    await box.pay("o1")
    await box.pay("o2", label="pp000002")
    now = datetime.fromisoformat((await box.control("GET", "/clock"))["schedule_at"])
    today = str(now.astimezone(timezone(timedelta(hours=8))).date())
    await box.advance(2 * 86_400)
    await box.control(
        "POST", "/bills/planted", {"provider": "alipay", "day": today, "kind": "missing_row", "out_trade_no": "o1"}
    )
    answer = await box.call(BILL, {"bill_type": "trade", "bill_date": today})
    url = answer["bill_download_url"]
    assert url.startswith(box.simulator.alipay_url + "/downloadBillFile.resource?")
    async with box.session.get(url) as file:
        content = await file.read()
        assert today.replace("-", "") in file.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [one.filename.encode("cp437").decode("gbk") for one in archive.infolist()]
        details = archive.read(archive.infolist()[1]).decode("gbk")
    assert names[1].endswith("_业务明细.csv")
    assert ("o2\t" in details, "o1\t" in details) == (True, False)


async def test_a_transfers_result_is_told_to_the_application_gateway(credentials_dir):
    async with sandbox(
        credentials_dir, alipay_payout_needs_certificate=False, alipay_app_gateway_url="http://127.0.0.1:9/x"
    ) as box:
        payee = {"identity": "returns@sandbox.example", "identity_type": "ALIPAY_LOGON_ID", "name": "张三"}
        business = {"out_biz_no": "b1", "trans_amount": "8.88", "product_code": "TRANS_ACCOUNT_NO_PWD"}
        asked = business | {"biz_scene": "DIRECT_TRANSFER", "payee_info": payee}
        assert (await box.call("alipay.fund.trans.uni.transfer", asked))["status"] == "DEALING"
        await box.advance(11)
        (entry,) = await box.journal("out")
        fields = dict(parse_qsl(entry["body"].decode("ascii")))
        assert fields["msg_method"] == "alipay.fund.trans.order.changed"
        assert json.loads(fields["biz_content"])["status"] == "REFUND"
        (payout,) = (await box.control("GET", "/payouts"))["items"]
        assert payout["state"] == "RETURNED"


async def test_consent_is_had_over_the_wire(box):
    query = urlencode({"app_id": box.merchant.app_id, "redirect_uri": RETURN_URL, "scope": "auth_base"})
    url = f"{box.simulator.alipay_url}/oauth2/publicAppAuthorize.htm?{query}"
    async with box.session.get(url, allow_redirects=False) as sent_on:
        code = dict(parse_qsl(urlsplit(sent_on.headers["Location"]).query))["auth_code"]
    changes = {"grant_type": "authorization_code", "code": code, "biz_content": None}
    token = await box.call("alipay.system.oauth.token", {}, **changes)
    assert token["access_token"]
