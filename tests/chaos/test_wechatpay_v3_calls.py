"""
Rows of WeChat Pay's chaos table about calls of API v3: each produced over a socket, judged by the journal's bytes.
"""

import hashlib

import aiohttp
import pytest

from tests.chaos.wechatpay_v3_kit import NATIVE, REFUNDS, Shop, answer_of, told
from tests.unit.mock_providers.wechatpay_v3_desk import HEADERS

CERTIFICATES = "/v3/certificates"
TRADE_BILL = "/v3/bill/tradebill?bill_date=2026-01-02"
# From T0, 11:04:05 in Beijing, to ten o'clock of the next day.
READY_S = 23 * 3600 - 245


def test_an_answer_is_probed_and_the_next_one_is_good(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("signature_probe", {"on": "reply", "first": 1})
        return await shop.create(), await shop.create()

    probed, good = told(credentials_dir, story)
    assert (probed.status, probed.genuine) == (200, False)
    assert probed.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert (good.genuine, good.body) == (True, probed.body)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_key", "unsigned"])
def test_an_answer_that_nobody_should_believe(credentials_dir, fault):
    async def story(shop: Shop):
        await shop.rule(fault, {"on": "reply", "first": 1})
        return await shop.create(), await shop.create()

    bad, good = told(credentials_dir, story)
    assert (bad.status, bad.genuine) == (200, False)
    assert (good.genuine, good.body) == (True, bad.body)


@pytest.mark.parametrize("seconds", [-360, 360])
def test_the_merchants_clock_is_off(credentials_dir, seconds):
    async def story(shop: Shop):
        at = str(int(shop.box.simulator.schedule._stamp.now().timestamp()) + seconds)
        authorization = shop.merchant.authorization("GET", CERTIFICATES, b"", at=at)
        return await shop.ask("GET", CERTIFICATES, Authorization=authorization)

    answer = told(credentials_dir, story)
    assert (answer.status, answer.said["code"]) == (401, "SIGN_ERROR")
    assert "timestamp" in answer.said["message"]


@pytest.mark.parametrize("seconds", [-360, 360])
def test_the_platforms_clock_is_off(credentials_dir, seconds):
    async def story(shop: Shop):
        await shop.rule("clock_skew", {"on": "reply"}, seconds=seconds)
        return await shop.create(), int(shop.box.simulator.schedule._stamp.now().timestamp())

    answer, now = told(credentials_dir, story)
    assert answer.genuine
    assert abs(int(answer.headers["Wechatpay-Timestamp"]) - now - seconds) <= 1


def test_a_new_certificate_signs_at_once_and_can_be_fetched(credentials_dir):
    async def story(shop: Shop):
        before = await shop.ask("GET", CERTIFICATES)
        await shop.rule("certificate_rotation", {"on": "reply", "api": "v3.pay.native"})
        return before, await shop.create(), await shop.ask("GET", CERTIFICATES)

    before, made, after = told(credentials_dir, story)
    serials = [[one["serial_no"] for one in listed.said["data"]] for listed in (before, after)]
    assert made.genuine
    assert made.headers["Wechatpay-Serial"] not in serials[0]
    assert made.headers["Wechatpay-Serial"] in serials[1]


def test_the_old_certificate_vanishes_from_the_list(credentials_dir):
    async def story(shop: Shop):
        old = (await shop.create()).headers["Wechatpay-Serial"]
        await shop.box.advance(60)
        listed = (await shop.ask("GET", CERTIFICATES)).said["data"]
        return old, [one["serial_no"] for one in listed], (await shop.create()).headers["Wechatpay-Serial"]

    old, listed, new = told(credentials_dir, story, wechatpay_rotate_after_s=30.0)
    assert listed == [new]
    assert old != new


def test_the_list_of_certificates_is_refused(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("system_error", {"on": "reply", "api": "v3.certificates", "first": 2})
        return [await shop.ask("GET", CERTIFICATES) for _ in range(3)]

    first, second, third = told(credentials_dir, story)
    assert [(one.status, one.said.get("code")) for one in (first, second)] == [(500, "SYSTEM_ERROR")] * 2
    assert third.status == 200


def test_a_merchant_without_certificates_has_no_list(credentials_dir):
    async def story(shop: Shop):
        return await shop.ask("GET", CERTIFICATES), await shop.create()

    listed, made = told(credentials_dir, story, wechatpay_platform="public_key")
    assert (listed.status, listed.said["code"]) == (404, "RESOURCE_NOT_EXISTS")
    assert made.headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")


@pytest.mark.parametrize(
    ("fault", "parameters", "known"),
    [
        ("timeout_after", {}, True),
        ("timeout_before", {}, False),
        ("reset_after", {}, True),
        ("reset_before", {}, False),
    ],
)
def test_create_ends_without_an_answer_and_is_sent_again(credentials_dir, fault, parameters, known):
    async def story(shop: Shop):
        await shop.rule(fault, {"on": "reply", "api": "v3.pay.native", "first": 1}, **parameters)
        with pytest.raises(aiohttp.ClientError):
            await shop.create()
        return await shop.query(), await shop.create()

    queried, again = told(credentials_dir, story)
    assert queried.get("trade_state" if known else "code") == ("NOTPAY" if known else "ORDER_NOT_EXIST")
    assert (again.status, again.genuine) == (200, True)


@pytest.mark.parametrize(
    ("fault", "parameters", "status"),
    [
        ("http_error", {"status": 502}, 502),
        ("http_error", {"status": 500, "work": True}, 500),
        ("system_error", {"work": True}, 500),
        ("system_error", {"work": False}, 500),
        ("refuse", {"code": "SERVICE_UNAVAILABLE"}, 503),
    ],
)
def test_create_stumbles_and_is_sent_again(credentials_dir, fault, parameters, status):
    async def story(shop: Shop):
        await shop.rule(fault, {"on": "reply", "api": "v3.pay.native", "first": 1}, **parameters)
        return await shop.create(), await shop.create()

    first, again = told(credentials_dir, story)
    assert (first.status, again.status) == (status, 200)


@pytest.mark.parametrize(
    ("style", "status", "code"), [("documented", 403, "OUT_TRADE_NO_USED"), ("field", 400, "INVALID_REQUEST")]
)
def test_a_number_is_used_again(credentials_dir, style, status, code):
    async def story(shop: Shop):
        await shop.create()
        drifted = await shop.create(description="another")
        await shop.buyer()
        return drifted, await shop.create()

    drifted, paid = told(credentials_dir, story, wechatpay_duplicate_number=style)
    assert (drifted.status, drifted.said["code"]) == (status, code)
    assert (paid.status, paid.said["code"]) == (400, "ORDERPAID")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(None, 400, "ORDERPAID"), ("busy", 429, "FREQUENCY_LIMITED"), ("in_process", 202, "USER_PAYING")],
)
def test_the_buyer_pays_while_the_order_is_closed(credentials_dir, fault, status, code):
    async def story(shop: Shop):
        await shop.create()
        if fault is not None:
            await shop.rule(
                fault, {"on": "reply", "api": "v3.pay.close"}, **({"work": False} if fault == "in_process" else {})
            )
        await shop.buyer()
        closed = await shop.close()
        await shop.box.advance(1, until_idle=True)
        return closed, await shop.query(), await shop.sent()

    closed, known, (notify,) = told(credentials_dir, story)
    assert (closed.status, closed.said["code"]) == (status, code)
    assert known["trade_state"] == notify.resource["trade_state"] == "SUCCESS"


def test_a_wrong_number_is_closed_without_complaint(credentials_dir):
    async def story(shop: Shop):
        await shop.create()
        return await shop.close("order-l"), await shop.query()

    closed, known = told(credentials_dir, story)
    assert (closed.status, closed.body, closed.genuine) == (204, b"", True)
    assert known["trade_state"] == "NOTPAY"


def test_the_buyer_pays_at_the_last_moment_and_the_notify_is_late(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("delay", {"on": "notify"}, seconds=1800)
        await shop.create(time_expire="2026-01-02T11:14:05+08:00")
        await shop.box.advance(599)
        await shop.buyer()
        await shop.box.advance(1800, until_idle=True)
        return await shop.sent()

    (late,) = told(credentials_dir, story)
    assert late.resource["success_time"] == "2026-01-02T11:14:04+08:00"
    assert late.entry["schedule_at"] > "2026-01-02T03:44"


@pytest.mark.parametrize(("ending", "word"), [("9990", "SUCCESS"), ("9991", "PAYERROR")])
def test_a_password_is_awaited(credentials_dir, ending, word):
    async def story(shop: Shop):
        first, reversed_ = await shop.codepay(ending), await shop.reverse()
        waiting = await shop.query("code01")
        await shop.box.advance(10)
        return first, reversed_, waiting, await shop.query("code01")

    first, refused, waiting, known = told(credentials_dir, story)
    assert (first.status, first.said["code"]) == (refused.status, refused.said["code"]) == (202, "USER_PAYING")
    assert (waiting["trade_state"], known["trade_state"]) == ("USERPAYING", word)


def test_a_payment_succeeds_between_the_last_query_and_the_reversal(credentials_dir):
    async def story(shop: Shop):
        await shop.codepay("9990")
        waiting = await shop.query("code01")
        await shop.box.advance(10)
        return waiting, await shop.reverse(), await shop.query("code01"), await shop.trade("code01")

    waiting, reversed_, known, trade = told(credentials_dir, story)
    assert (waiting["trade_state"], reversed_.status, known["trade_state"]) == ("USERPAYING", 200, "REVOKED")
    assert (trade["paid_fen"], trade["refunded_fen"]) == (123, 123)


@pytest.mark.parametrize(
    ("fault", "work"), [("timeout_after", True), ("timeout_before", False), ("system_error", True), ("busy", False)]
)
def test_nobody_knows_what_became_of_a_refund(credentials_dir, fault, work):
    async def story(shop: Shop):
        await shop.paid()
        await shop.rule(fault, {"on": "reply", "api": "v3.refund", "first": 1})
        if fault.startswith("timeout"):
            with pytest.raises(aiohttp.ClientError):
                await shop.refund()
        else:
            assert (await shop.refund()).status in {429, 500}
        queried, again = await shop.refund_query(), await shop.refund()
        await shop.box.advance(5)
        return queried, again, await shop.trade()

    queried, again, trade = told(credentials_dir, story)
    assert queried.said.get("status" if work else "code") == ("PROCESSING" if work else "RESOURCE_NOT_EXISTS")
    assert (again.status, trade["refunded_fen"]) == (200, 23)


def test_a_refunds_amount_drifts(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        return await shop.refund(23), await shop.refund(24), await shop.trade()

    _, drifted, trade = told(credentials_dir, story)
    assert (drifted.status, drifted.said["code"]) == (400, "REFUND_FEE_MISMATCH")
    assert [one["amount_fen"] for one in trade["refunds"]] == [23]


@pytest.mark.parametrize(
    ("ending", "words"),
    [("abnormal", ["PROCESSING", "ABNORMAL", "SUCCESS"]), ("closed", ["PROCESSING", "CLOSED", "CLOSED"])],
)
def test_a_refund_gets_stuck_or_fails(credentials_dir, ending, words):
    async def story(shop: Shop):
        await shop.paid()
        first = (await shop.refund()).said
        await shop.box.advance(5)
        second = (await shop.refund_query()).said
        helped = {"out_refund_no": "r1", "type": "MERCHANT_BANK_CARD"}
        await shop.ask("POST", f"{REFUNDS}/{first['refund_id']}/apply-abnormal-refund", helped)
        await shop.box.advance(5)
        third = (await shop.refund_query()).said
        return [one["status"] for one in (first, second, third)], await shop.refund(123, "r2")

    seen, more = told(credentials_dir, story, wechatpay_refund_ending=ending)
    assert seen == words
    assert (more.status == 200) is (ending == "closed")


def test_calls_are_throttled(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("busy", {"on": "reply", "first": 3})
        return [await shop.create() for _ in range(4)]

    answers = told(credentials_dir, story)
    assert [one.status for one in answers] == [429, 429, 429, 200]
    assert answers[0].said["code"] == "FREQUENCY_LIMITED"


def test_a_merchant_without_money_gets_some(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        await shop.rule("refuse", {"on": "reply", "api": "v3.refund", "first": 1}, code="NOT_ENOUGH")
        return await shop.refund(), await shop.refund()

    poor, rich = told(credentials_dir, story)
    assert (poor.status, poor.said["code"]) == (403, "NOT_ENOUGH")
    assert (rich.status, rich.said["status"]) == (200, "PROCESSING")


def test_half_past_midnight_in_beijing_is_yesterday_elsewhere(credentials_dir):
    async def story(shop: Shop):
        await shop.box.advance(13 * 3600 + 26 * 60)
        await shop.paid()
        known = await shop.query()
        await shop.box.advance(36 * 3600)
        days = {}
        for day in ("2026-01-02", "2026-01-03"):
            days[day] = (await shop.ask("GET", f"/v3/bill/tradebill?bill_date={day}")).status
        return known, days

    known, days = told(credentials_dir, story)
    assert known["success_time"] == "2026-01-03T00:30:05+08:00"
    assert days == {"2026-01-02": 400, "2026-01-03": 200}


def test_a_bill_is_late_empty_expired_or_damaged(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        await shop.box.advance(READY_S - 60)
        late = await shop.ask("GET", TRADE_BILL)
        await shop.box.advance(60)
        empty = await shop.ask("GET", TRADE_BILL.replace("01-02", "01-01"))
        bill = (await shop.ask("GET", TRADE_BILL)).said
        target = bill["download_url"].removeprefix("https://api.mch.weixin.qq.com")
        await shop.rule("malformed_body", {"on": "reply", "api": "v3.bill.download", "first": 1})
        damaged, whole = await shop.ask("GET", target), await shop.ask("GET", target)
        await shop.box.advance(301)
        return late, empty, bill, damaged, whole, await shop.ask("GET", target)

    late, empty, bill, damaged, whole, expired = told(credentials_dir, story)
    codes = [(one.status, one.said["code"]) for one in (late, empty, expired)]
    assert codes == [(400, "STATEMENT_CREATING"), (400, "NO_STATEMENT_EXIST"), (400, "INVALID_REQUEST")]
    hashes = [hashlib.sha1(one.body).hexdigest() == bill["hash_value"] for one in (damaged, whole)]  # noqa: S324
    assert hashes == [False, True]


def test_errors_come_without_a_body_or_without_a_signature(credentials_dir):
    async def story(shop: Shop):
        unknown, method = await shop.ask("GET", "/v3/nowhere"), await shop.ask("DELETE", NATIVE)
        refused = await shop.ask("POST", NATIVE, shop.order(), Authorization="Bearer x")
        async with shop.box.session.get(shop.box.simulator.urls["wechatpay"] + CERTIFICATES, headers=HEADERS) as answer:
            return unknown, method, refused, (answer.status, await answer.json(), dict(answer.headers))

    unknown, method, refused, (status, said, headers) = told(credentials_dir, story)
    assert [(one.status, one.body) for one in (unknown, method)] == [(404, b""), (405, b"")]
    assert (refused.status, "Request-ID" in refused.headers) == (401, False)
    assert (status, said["code"], "Request-ID" in headers) == (401, "SIGN_ERROR", True)
    for told_headers in (unknown.headers, method.headers, refused.headers, headers):
        assert "Wechatpay-Signature" not in told_headers


def test_the_backup_host_serves_while_the_primary_resets(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("reset_before", {"on": "reply", "first": 1})
        with pytest.raises(aiohttp.ClientError):
            await shop.ask("POST", NATIVE, shop.order(), Host="api.mch.weixin.qq.com")
        made = await shop.ask("POST", NATIVE, shop.order(), Host="api2.mch.weixin.qq.com")
        return made, await shop.answered("v3.pay.native")

    made, entries = told(credentials_dir, story)
    assert (made.status, made.genuine) == (200, True)
    assert [entry["response"] is None for entry in entries] == [True, False]
    assert answer_of(entries[1]) == made.said
