"""
Rows of Alipay's chaos table about calls: each produced over a socket, judged by the journal's bytes.
"""

import json

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature

from tests.chaos.kit import (
    CANCEL,
    CLOSE,
    PAY,
    PRECREATE,
    QUERY,
    REFUND,
    REFUND_QUERY,
    answers,
    barcode,
    inner,
    pay,
    query,
)
from tests.loopback.sandbox import Sandbox, answer_body, sandbox

pytestmark = pytest.mark.asyncio


async def state(box: Sandbox, order: str = "o1") -> str:
    return str((await box.control("GET", f"/trades/alipay/{order}"))["state"])


async def refused(box: Sandbox, method: str, business) -> bytes:
    """
    The bytes of an answer that a correct client does not believe, or cannot read.
    """
    url = box.simulator.alipay_url + "/gateway.do"
    params = box.merchant.signed(method, business, notify_url=box.receiver.url)
    async with box.session.post(url, data=params) as answer:
        return await answer.read()


async def test_a_call_is_lost_after_its_work_and_the_number_is_queried(box):
    await box.rule("timeout_after", {"api": PAY, "nth": 1})
    with pytest.raises(aiohttp.ClientError):
        await pay(box)
    assert (await query(box))["trade_status"] == "TRADE_SUCCESS"
    assert [entry["response"] is None for entry in await box.journal("in")] == [True, False]


async def test_a_call_is_lost_before_its_work_and_the_number_is_free(box):
    await box.rule("timeout_before", {"api": PAY, "nth": 1})
    with pytest.raises(aiohttp.ClientError):
        await pay(box)
    assert (await query(box))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert (await pay(box))["code"] == "10000"
    (told,) = await answers(box, PAY)
    assert told["out_trade_no"] == "o1"


@pytest.mark.parametrize("work", [True, False])
async def test_pay_is_in_process_and_becomes_paid_or_stays_unpaid(box, work):
    await box.rule("in_process", {"api": PAY}, work=work)
    assert (await pay(box))["code"] == "10003"
    assert (await query(box))["trade_status"] == ("TRADE_SUCCESS" if work else "WAIT_BUYER_PAY")
    if not work:
        cancelled = await box.call(CANCEL, {"out_trade_no": "o1"})
        assert (cancelled["action"], cancelled["retry_flag"]) == ("close", "N")
    assert (await answers(box, PAY))[0]["msg"].strip() == "order success pay inprocess"


async def test_a_payment_that_was_answered_as_paid_is_rolled_back(box):
    await box.rule("rolled_back", {"api": PAY})
    assert (await pay(box))["code"] == "10000"
    assert (await query(box))["trade_status"] == "TRADE_CLOSED"
    (paid,), (closed,) = await answers(box, PAY), await answers(box, QUERY)
    assert (paid["code"], closed["trade_status"]) == ("10000", "TRADE_CLOSED")
    assert (await box.control("GET", "/trades/alipay/o1"))["paid_fen"] == 0


@pytest.mark.parametrize("code", ["ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error"])
@pytest.mark.parametrize("method", [PAY, REFUND, CANCEL])
async def test_the_platform_stumbles_although_the_work_is_done(box, method, code):
    if method != PAY:
        await pay(box)
    await box.rule("refuse", {"api": method, "nth": 1}, code=code, work=True)
    business = {
        PAY: barcode(),
        REFUND: {"out_trade_no": "o1", "refund_amount": "0.23", "out_request_no": "r1"},
        CANCEL: {"out_trade_no": "o1"},
    }[method]
    answer = await box.call(method, business)
    assert answer["sub_code"] == code
    assert answer["code"] == ("40004" if code.startswith("ACQ") else "20000")
    trade = await box.control("GET", "/trades/alipay/o1")
    assert (trade["paid_fen"], trade["refunded_fen"]) == (123, {PAY: 0, REFUND: 23, CANCEL: 123}[method])
    again = await box.call(method, business)
    assert (again["code"], again.get("sub_code")) in {("10000", None), ("40004", "ACQ.TRADE_HAS_SUCCESS")}
    assert (await box.control("GET", "/trades/alipay/o1"))["refunded_fen"] == trade["refunded_fen"]


@pytest.mark.parametrize("work", [True, False])
async def test_cancel_stumbles_in_its_own_spelling(box, work):
    await pay(box)
    await box.rule("system_error", {"api": CANCEL, "nth": 1}, work=work)
    first = await box.call(CANCEL, {"out_trade_no": "o1"})
    assert (first["sub_code"], first["retry_flag"]) == ("AQC.SYSTEM_ERROR", "Y")
    assert await state(box) == ("CLOSED" if work else "PAID")
    assert (await box.call(CANCEL, {"out_trade_no": "o1"}))["action"] == "refund"


async def test_a_refund_has_not_moved_money_yet(box):
    await pay(box)
    await box.rule("in_process", {"api": REFUND, "nth": 1})
    first = await box.refund("0.23", "r1")
    assert (first["code"], first["fund_change"]) == ("10000", "N")
    asked = [await box.call(REFUND_QUERY, {"out_trade_no": "o1", "out_request_no": "r1"})]
    await box.advance(60)
    asked.append(await box.call(REFUND_QUERY, {"out_trade_no": "o1", "out_request_no": "r1"}))
    assert [one.get("refund_status") for one in asked] == [None, "REFUND_SUCCESS"]
    assert (await answers(box, REFUND))[0]["fund_change"] == "N"


async def test_a_refund_that_nobody_knows_has_no_status(box):
    await pay(box)
    asked = await box.call(REFUND_QUERY, {"out_trade_no": "o1", "out_request_no": "never"})
    assert asked["code"] == "10000"
    assert b"refund_status" not in answer_body((await box.journal("in"))[-1])


async def test_a_timed_out_refund_under_a_new_number_is_made_twice(box):
    await pay(box)
    await box.rule("timeout_after", {"api": REFUND, "nth": 1})
    with pytest.raises(aiohttp.ClientError):
        await box.refund("0.50", "r1")
    assert (await box.refund("0.50", "r1-again"))["refund_fee"] == "1.00"
    assert (await box.control("GET", "/trades/alipay/o1"))["refunded_fen"] == 100
    assert (await box.refund("0.50", "r3"))["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"


async def test_a_second_refund_comes_too_soon(credentials_dir):
    async with sandbox(credentials_dir, alipay_refund_spacing_s=3) as box:
        await pay(box)
        assert (await box.refund("0.10", "r1"))["code"] == "10000"
        assert (await box.refund("0.10", "r2"))["code"] == "40004"
        await box.advance(3)
        assert (await box.refund("0.10", "r2"))["code"] == "10000"
        assert [one["code"] for one in await answers(box, REFUND)] == ["10000", "40004", "10000"]


async def test_an_error_is_not_signed(box):
    await box.rule("unsigned", {"api": PAY})
    body = await refused(box, PAY, barcode())
    assert set(json.loads(body)) == {"alipay_trade_pay_response"}
    assert body == answer_body((await box.journal("in"))[0])
    assert await state(box) == "PAID"


async def test_a_stranger_gets_an_unsigned_error(box):
    params = box.merchant.signed(QUERY, {"out_trade_no": "o1"}, app_id="2021000000000000")
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        await answer.read()
    (entry,) = await box.journal("in")
    assert b'"sign"' not in answer_body(entry)
    assert inner(entry)["code"] == "40002"


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_key"])
async def test_a_good_answer_bears_a_signature_that_does_not_fit(box, fault):
    await box.rule(fault, {"api": PAY})
    with pytest.raises(InvalidSignature):
        await pay(box)
    (entry,) = await box.journal("in")
    assert inner(entry)["code"] == "10000"
    assert (entry["fault"], await state(box)) == (fault, "PAID")


async def test_nothing_to_name_the_answer_after_is_an_error_response(box):
    params = box.merchant.signed("", {"out_trade_no": "o1"})
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        body = await answer.read()
    assert body.startswith(b'{"error_response":{"code":"4000')
    assert body == answer_body((await box.journal("in"))[0])


@pytest.mark.parametrize(
    ("spelling", "piece"),
    [
        ("escaped_slashes", rb"https:\/\/qr.alipay.com\/"),
        ("reordered", b'_response":{"qr_code":'),
        ("spaced", b'{\n "code": "10000",\n '),
        ("braces", b'"one { too many"}'),
    ],
)
async def test_an_answer_is_spelled_otherwise_and_its_bytes_are_signed(box, spelling, piece):
    await box.rule("other_spelling", {"on": "reply"}, spelling=spelling)
    assert (await box.precreate())["qr_code"].startswith("https://qr.alipay.com/")
    (entry,) = await box.journal("in")
    assert piece in answer_body(entry)


@pytest.mark.parametrize(
    ("fault", "settings", "work", "seen"),
    [
        ("http_error", {"status": 502}, False, (502, b"")),
        ("http_error", {"status": 502, "work": True}, True, (502, b"")),
        ("http_error", {"status": 504}, False, (504, b"")),
        ("http_error", {"status": 504, "work": True}, True, (504, b"")),
        ("reset_before", {}, False, None),
        ("reset_after", {}, True, None),
        ("truncated", {"share": 0.5}, True, (200, b'{"alipay_trade_pay_response":{"code":"10000"')),
        ("malformed_body", {}, True, (200, b"")),
    ],
)
async def test_an_answer_does_not_come_whole_before_or_after_the_work(box, fault, settings, work, seen):
    await box.rule(fault, {"api": PAY, "nth": 1}, **settings)
    with pytest.raises((aiohttp.ClientError, AssertionError, ValueError, InvalidSignature)):
        await pay(box)
    assert (await query(box)).get("trade_status") == ("TRADE_SUCCESS" if work else None)
    again = await pay(box)
    assert again.get("sub_code") == ("ACQ.TRADE_HAS_SUCCESS" if work else None)
    first, asked, *_ = await box.journal("in")
    assert first["fault"] == fault
    assert (b"TRADE_SUCCESS" in answer_body(asked)) == work
    if seen is None:
        assert first["response"] is None
        return
    status, start = seen
    body = answer_body(first)
    assert (first["response"]["status"], body[: len(start)]) == (status, start)
    assert not body.endswith(b'"}'), "no answer that could be taken for a whole one"


@pytest.mark.parametrize("method", [QUERY, CLOSE])
async def test_a_code_that_nobody_scanned_is_no_trade(box, method):
    await box.precreate()
    assert (await box.call(method, {"out_trade_no": "o1"}))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert [one["code"] for one in await answers(box, method)] == ["40004"]


async def test_a_number_comes_again_with_another_amount(box):
    await box.precreate()
    assert (await box.precreate(total="9.99"))["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"
    assert [one["code"] for one in await answers(box, PRECREATE)] == ["10000", "40004"]


async def test_a_paid_trade_is_cancelled_by_refund(box):
    await pay(box)
    assert (await box.call(CANCEL, {"out_trade_no": "o1"}))["action"] == "refund"
    trade = await box.control("GET", "/trades/alipay/o1")
    assert (trade["paid_fen"], trade["refunded_fen"]) == (123, 123)
    assert b'"action":"refund"' in answer_body((await box.journal("in"))[-1])


async def test_close_loses_the_race_to_the_payment(box):
    await box.pay()
    assert (await box.call(CLOSE, {"out_trade_no": "o1"}))["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert (await query(box))["trade_status"] == "TRADE_SUCCESS"
    assert (await answers(box, CLOSE))[0]["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


@pytest.mark.parametrize(
    ("fault", "settings", "code"),
    [
        ("busy", {}, "40005"),
        ("refuse", {"code": "isv.insufficient-isv-permissions"}, "40006"),
        ("refuse", {"code": "aop.invalid-auth-token"}, "20001"),
    ],
)
async def test_a_query_is_limited_or_forbidden_and_says_nothing_of_the_payment(box, fault, settings, code):
    await pay(box)
    await box.rule(fault, {"api": QUERY, "nth": 1}, **settings)
    assert (await query(box))["code"] == code
    assert (await query(box))["trade_status"] == "TRADE_SUCCESS"
    assert "trade_status" not in (await answers(box, QUERY))[0]


async def test_the_seller_has_no_money_for_a_refund_until_later(box):
    await pay(box)
    await box.rule("refuse", {"api": REFUND, "nth": 1}, code="ACQ.SELLER_BALANCE_NOT_ENOUGH")
    assert (await box.refund("0.23", "r1"))["sub_code"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    assert (await box.refund("0.23", "r1"))["fund_change"] == "Y"
    assert [one["code"] for one in await answers(box, REFUND)] == ["40004", "10000"]
