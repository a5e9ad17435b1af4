"""
Rows of UnionPay's chaos table about calls: outcomes that are unknown, answers that are none, days that change.
"""

import asyncio
import ssl
import warnings
from datetime import timedelta

import aiohttp
import pytest
import pytest_asyncio

from mock_providers.core.books.book import TradeState
from tests.chaos.unionpay_kit import Union, union
from tests.cross.unionpay_parsers import official_java
from tests.loopback.sandbox import answer_body
from tests.unit.mock_providers.unionpay_desk import PATHS

pytestmark = pytest.mark.asyncio

BACK = "backTransReq/01"


@pytest_asyncio.fixture
async def shop(credentials_dir):
    async with union(credentials_dir) as shop:
        yield shop


@pytest.mark.parametrize("code", ["03", "04", "05", "06", "83", "70"])
@pytest.mark.parametrize("done", [True, False])
async def test_row_4_an_unknown_outcome_that_a_query_resolves_either_way(shop: Union, code, done):
    await shop.refuses(code, BACK, work=done)
    await shop.consume()
    assert [one["respCode"] for one in await shop.answers(BACK)] == [code]
    queried = await shop.query()
    resolved = queried.get("origRespCode", queried["respCode"])
    lost = "01" if code in {"03", "04", "05", "83"} else "34"
    assert resolved == ("00" if done else lost)


@pytest.mark.parametrize("fault", ["timeout_after", "reset_after"])
async def test_row_5_the_money_moves_and_the_connection_ends(shop: Union, fault):
    await shop.box.rule(fault, {"on": "reply", "api": BACK, "first": 1})
    with pytest.raises(aiohttp.ClientError):
        await shop.consume()
    (entry,) = await shop.box.journal("in")
    assert entry["response"] is None
    assert (await shop.consume())["respCode"] == "12"
    assert (await shop.query())["origRespCode"] == "00"


async def test_row_6_not_found_for_a_while(shop: Union):
    await shop.refuses("34", "queryTrans/00", first=2)
    await shop.consume()
    for _ in range(3):
        await shop.query()
    assert [one["respCode"] for one in await shop.answers("queryTrans/00")] == ["34", "34", "00"]


async def test_row_7_the_query_succeeds_and_the_payment_does_not(credentials_dir):
    async with union(credentials_dir, unionpay_settles_s=60) as shop:
        await shop.consume()
        await shop.query()
        await shop.consume("order002", customerInfo="e2N2bjI9OTk5fQ==")  # {cvn2=999}
        await shop.query("order002")
        found = [(one["respCode"], one["origRespCode"]) for one in await shop.answers("queryTrans/00")]
    assert found == [("00", "05"), ("00", "65")]


async def test_row_8_success_with_a_defect(shop: Union):
    await shop.refuses("A6", BACK, work=True)
    assert (await shop.consume())["respCode"] == "A6"
    assert (await shop.query())["origRespCode"] == "A6"
    await shop.box.receiver.until(1)
    (told,) = await shop.told()
    assert (told["respCode"], told["settleAmt"]) == ("A6", "100")


@pytest.mark.parametrize("code", ["00", "42"])
async def test_row_9_money_after_pay_timeout(credentials_dir, code):
    async with union(credentials_dir, unionpay_late_payment=code) as shop:
        await shop.app(payTimeout="20260102111905")
        await shop.pays(action="insufficient_balance")
        await shop.box.advance(timedelta(minutes=20).total_seconds())
        assert (await shop.query())["origRespCode"] == "69"
        await shop.pays(action="pay_late")
        assert (await shop.query())["origRespCode"] == code
        await shop.box.advance(timedelta(days=6).total_seconds())
        assert [one["respCode"] for one in await shop.told()] == (["00"] if code == "00" else [])
        assert shop.trade().refunded_fen == (0 if code == "00" else 100)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_key", "unsigned"])
async def test_row_10_a_good_answer_below_a_bad_signature(shop: Union, fault):
    await shop.box.rule(fault, {"on": "reply", "api": BACK})
    status, body = await shop.raw("back", shop.consumption())
    answer = official_java(body.decode())
    assert (status, answer["respCode"]) == (200, "00")
    if fault == "unsigned":
        assert not {"signature", "signPubKeyCert"} & answer.keys()
    elif fault == "wrong_key":
        assert answer["signPubKeyCert"] != shop.merchant.file("acp_test_verify_sign.cer").replace("\n", "\r\n")
    else:
        assert not shop.merchant.verified(answer)
    assert answer_body((await shop.box.journal("in"))[0]) == body


@pytest.mark.parametrize(("encryption", "accepted"), [("current", True), ("rotated", True), ("retired", False)])
async def test_row_15_the_encryption_certificate_changes(credentials_dir, encryption, accepted):
    async with union(credentials_dir, unionpay_encryption=encryption) as shop:
        fetched = await shop.ask(
            "back", {**shop.consumption("update01"), "txnType": "95", "txnSubType": "00", "certType": "01"}
        )
        old = shop.merchant.file("acp_test_enc.cer").replace("\n", "\r\n")
        assert (fetched["encryptPubKeyCert"] == old) == (encryption == "current")
        sealed = shop.merchant.sealed(shop.merchant.file("acp_test_enc.cer"), "6221558812340000")
        answer = await shop.consume(accNo=sealed.text, encryptCertId=sealed.cert_id)
        assert answer["respCode"] == ("00" if accepted else "10")
        fresh = shop.merchant.sealed(fetched["encryptPubKeyCert"], "6221558812340000")
        assert (await shop.consume("order002", accNo=fresh.text, encryptCertId=fresh.cert_id))["respCode"] == "00"


async def test_row_16_the_merchants_certificate_is_out_of_date_or_unknown(shop: Union):
    expired = shop.merchant.serial("acp_test_sign_expired.cer")
    for order, number in (("order001", expired), ("order002", "68759663125")):
        assert (await shop.consume(order, certId=number))["respMsg"] == "验证签名失败[9100004]"
    entries = await shop.box.journal("in")
    assert [one["doctor"]["cause"] for one in entries] == ["certificate_out_of_date", "unknown_certificate"]


async def test_row_17_an_answer_in_gbk(shop: Union):
    status, body = await shop.raw("back", {**shop.consumption(), "encoding": "GBK"})
    assert status == 200
    assert "respMsg=成功[0000000]".encode("gbk") in body
    assert shop.merchant.verified(official_java(body.decode("gbk")), codec="gbk")


async def test_row_20_front_and_back_disagree(shop: Union):
    await shop.box.rule("drop_all", {"on": "notify"})
    page = await front_page(shop)
    assert page["respCode"] == "00"
    assert await shop.box.journal("out") == []
    assert (await shop.query())["origRespCode"] == "00"


async def test_row_21_a_front_notify_of_another_order(shop: Union):
    told = await front_page(shop)
    assert shop.merchant.verified(told)
    assert not shop.merchant.verified({**told, "orderId": "order002"})
    assert (await shop.query("order002"))["respCode"] == "34"


async def front_page(shop: Union) -> dict[str, str]:
    """
    What the browser carries from the cashier to frontUrl.
    """
    fields = {**shop.consumption(accNo=None), "bizType": "000201", "frontUrl": "http://127.0.0.1:9/front"}
    status, body = await shop.raw("front", fields)
    assert (status, body) == (302, b"")
    await shop.pays()
    departure = shop.box.simulator.providers["unionpay"].departure(shop.trade())
    assert departure is not None
    assert (departure.method, departure.url) == ("POST", "http://127.0.0.1:9/front")
    return dict(departure.fields)


async def test_row_22_the_settlement_day_changes_at_night(shop: Union):
    await shop.box.advance(timedelta(hours=11, minutes=55, seconds=54).total_seconds())  # 22:59:59
    await shop.consume("order001")
    await shop.box.advance(2)  # 23:00:01
    await shop.consume("order002")
    days = [(await shop.query(order))["settleDate"] for order in ("order001", "order002")]
    assert days == ["0102", "0103"]
    await shop.box.receiver.until(2)
    assert [one["settleDate"] for one in await shop.told()] == days


async def test_row_23_an_undo_after_the_day_has_changed(shop: Union):
    paid = await shop.consume()
    await shop.box.advance(timedelta(hours=12).total_seconds())
    assert (await shop.give_back("31", "undo0001", paid["queryId"]))["respCode"] == "39"
    assert (await shop.give_back("04", "refund01", paid["queryId"]))["respCode"] == "00"


async def test_row_24_what_excludes_what(credentials_dir):
    async with union(credentials_dir, unionpay_refund_days=30) as shop:
        first, second, third = [(await shop.consume(f"order00{number}"))["queryId"] for number in (1, 2, 3)]
        await shop.give_back("04", "refund01", first, "60")
        await shop.give_back("31", "undo0001", second)
        found = [
            await shop.give_back("31", "undo0002", first),
            await shop.give_back("04", "refund02", second, "1"),
            await shop.give_back("04", "refund03", first, "41"),
        ]
        await shop.box.advance(timedelta(days=31).total_seconds())
        found.append(await shop.give_back("04", "refund04", third))
    assert [one["respCode"] for one in found] == ["45", "45", "36", "35"]


async def test_row_25_a_refund_is_accepted_and_fails(credentials_dir):
    async with union(credentials_dir, unionpay_settles_s=60, unionpay_settles_as="60") as shop:
        await shop.app()
        await shop.pays()
        paid = (await shop.query())["queryId"]
        assert (await shop.give_back("04", "refund01", paid))["respCode"] == "00"
        assert (await shop.query("refund01"))["origRespCode"] == "05"
        await shop.box.advance(61)
        assert (await shop.query("refund01"))["origRespCode"] == "60"
        assert [(one["txnType"], one["respCode"]) for one in await shop.told()] == [("01", "00"), ("04", "60")]


async def test_row_26_two_refunds_at_once(shop: Union):
    paid = (await shop.consume())["queryId"]
    both = await asyncio.gather(*(shop.give_back("04", f"refund0{number}", paid, "60") for number in (1, 2)))
    assert sorted(one["respCode"] for one in both) == ["00", "36"]


async def test_row_27_the_same_order_again(shop: Union):
    await shop.consume()
    await shop.consume()
    assert [one["respMsg"] for one in await shop.answers(BACK)] == ["成功[0000000]", "订单重复[2010002]"]
    assert (await shop.query())["origRespCode"] == "00"


@pytest.mark.parametrize("by", ["fault", "limit"])
async def test_row_28_too_many_queries(credentials_dir, by):
    settings = {"unionpay_query_max": 2} if by == "limit" else {}
    async with union(credentials_dir, **settings) as shop:
        await shop.consume()
        if by == "fault":
            await shop.refuses("37", "queryTrans/00")
        found = [(await shop.query())["respMsg"] for _ in range(3)]
        await shop.box.advance(61)
        found.append((await shop.query())["respMsg"])
    assert sum("6100087" in one for one in found) == 1
    assert found[-1] == "成功[0000000]"


@pytest.mark.parametrize(("fault", "more"), [
    ("http_error", {"status": 500}),
    ("http_error", {"status": 502, "work": True}),
    ("truncated", {"share": 0.5}),
    ("truncated", {"share": 0.0}),
    ("malformed_body", {}),
])  # fmt: skip
async def test_row_29_answers_that_are_none(shop: Union, fault, more):
    await shop.box.rule(fault, {"on": "reply", "api": BACK, "first": 1}, **more)
    try:
        status, body = await shop.raw("back", shop.consumption())
    except aiohttp.ClientError:
        status, body = 0, b""
    (entry,) = await shop.box.journal("in")
    assert entry["fault"] == fault
    assert status != 200 or not shop.believes(body)
    expected = "34" if fault == "http_error" and not more.get("work") else "00"
    queried = await shop.query()
    assert queried.get("origRespCode", queried["respCode"]) == expected


@pytest.mark.parametrize(("body", "kind", "status", "text"), [
    (b"", "application/x-www-form-urlencoded", 400, b"<html"),
    (b"a=1", "text/plain", 400, b"<html"),
    (b"hello", "application/x-www-form-urlencoded", 200, b"Invalid request."),
])  # fmt: skip
async def test_row_29_what_is_no_message_gets_no_message(shop: Union, body, kind, status, text):
    url = f"{shop.box.simulator.urls['unionpay']}{PATHS['back']}"
    async with shop.box.session.post(url, data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == status
        assert text in await answer.read()


@pytest.mark.parametrize(("fault", "more"), [("slow_drip", {"seconds": 0.2}), ("delay", {"seconds": 0.2})])
async def test_row_30_an_answer_that_takes_its_time(shop: Union, fault, more):
    await shop.box.rule(fault, {"on": "reply", "api": BACK, "first": 1}, **more)
    begun_s = asyncio.get_running_loop().time()
    assert (await shop.consume())["respCode"] == "00"
    assert asyncio.get_running_loop().time() - begun_s >= 0.15
    (entry,) = await shop.box.journal("in")
    assert shop.merchant.verified(official_java(answer_body(entry).decode()))


async def test_row_30_answers_tell_their_length(shop: Union):
    url = f"{shop.box.simulator.urls['unionpay']}{PATHS['back']}"
    async with shop.box.session.post(url, data=shop.merchant.signed(shop.consumption(backUrl=None))) as answer:
        assert int(answer.headers["Content-Length"]) == len(await answer.read())
        assert "Transfer-Encoding" not in answer.headers
        assert answer.headers["Content-Type"] == "text/html;charset=UTF-8"


async def test_row_35_a_query_with_a_fresh_moment_finds_nothing(shop: Union):
    await shop.consume()
    for moment in ("20260102030405", "20260102110406"):
        assert (await shop.query(txnTime=moment))["respMsg"] == "查无此交易[2600000]"
    found = (await shop.answers("queryTrans/00"))[0]
    assert (found["txnType"], found["txnSubType"], "origRespCode" in found) == ("00", "00", False)


async def test_row_36_query_ids_begin_with_different_nodes(shop: Union):
    numbers = [(await shop.consume(f"order{number:03d}"))["queryId"] for number in range(12)]
    assert len({number[:2] for number in numbers}) > 3
    assert {len(number) for number in numbers} == {21}


@pytest.mark.parametrize("code", ["02", "39"])
async def test_row_37_the_system_is_not_open(shop: Union, code):
    await shop.refuses(code, BACK)
    assert (await shop.consume())["respCode"] == code
    assert (await shop.query())["respCode"] == "34"
    assert (await shop.consume())["respCode"] == "00"


async def test_row_39_a_code_that_nobody_knows(shop: Union):
    await shop.refuses("Z9", BACK, work=True)
    assert (await shop.consume())["respCode"] == "Z9"
    assert (await shop.query())["origRespCode"] == "00"
    assert shop.trade().state is TradeState.PAID


async def test_row_41_old_tls_is_refused(credentials_dir):
    async with union(credentials_dir, tls_port=0, vendor_ports=False) as shop:
        info = await shop.box.control("GET", "/info")
        port = int(info["tls_url"].rpartition(":")[2])
        context = ssl.create_default_context(cafile=info["ca_file"])
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="gateway.95516.com")
        assert writer.get_extra_info("ssl_object").version() in {"TLSv1.2", "TLSv1.3"}
        writer.close()
        await writer.wait_closed()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="gateway.95516.com")
        assert await shop.box.journal("in") == []
