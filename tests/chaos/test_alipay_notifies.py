"""
Rows of Alipay's chaos table about notifies: each produced over a socket, judged by the journal's bytes.
"""

import asyncio
import base64
import re
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qsl, urlencode

import pytest
from cryptography.exceptions import InvalidSignature

from tests.chaos.kit import DAY_S, LADDER_S, PAY, answers, pay, query, told
from tests.loopback.sandbox import SUCCESS, answer_body, fields, genuine, sandbox

pytestmark = pytest.mark.asyncio
EVENTS = ["payment", "refund", "close", "finish", "scan"]


@pytest.mark.parametrize("copies", [1, 7])
async def test_one_notify_comes_twice_or_eight_times(box, copies):
    await box.rule("duplicate", copies=copies)
    await box.pay()
    await box.receiver.until(copies + 1)
    await box.advance(0)
    deliveries = await told(box)
    assert len(deliveries) == copies + 1
    assert len({one["notify_id"] for one in deliveries}) == 1
    assert {genuine(box, entry) for entry in await box.journal("out")} == {True}


async def test_two_copies_arrive_at_the_same_moment(box):
    await box.rule("duplicate", copies=1, concurrent=True)
    box.receiver.together = 2
    await box.pay()
    await box.advance(0)
    first, second = await box.journal("out")
    assert box.receiver.at_once_max == 2
    assert first["body"] == second["body"]


@pytest.mark.parametrize("method", ["alipay.trade.pay", "alipay.trade.precreate"])
async def test_the_notify_overtakes_the_answer(box, method):
    await box.rule("before_response", {"api": method}, patience_s=30)
    if method == PAY:
        await pay(box)
    else:
        box.receiver.answer = lambda _: SUCCESS
        opening = asyncio.create_task(box.precreate())
        while not (await box.control("GET", "/trades"))["items"]:
            assert not opening.done()
        await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
        await opening
    entries = [one for one in (await box.control("GET", "/journal"))["items"] if one["api"] in {"payment", method}]
    assert [entry["direction"] for entry in entries] == ["out", "in"]
    assert b"TRADE_SUCCESS" in base64.b64decode(entries[0]["request"]["body_b64"])
    assert b'"code":"10000"' in answer_body(entries[1])


async def test_a_notify_for_an_order_not_committed_yet_comes_again(box):
    box.receiver.answer = lambda _: SUCCESS if len(box.receiver.received) > 1 else (200, b"fail")
    await box.pay()
    await box.advance(LADDER_S)
    first, second = await box.journal("out")
    assert [answer_body(entry) for entry in (first, second)] == [b"fail", b"success"]
    assert fields(first)["notify_id"] == fields(second)["notify_id"]


async def test_a_refund_notice_is_no_payment(box):
    await box.pay()
    await box.refund("0.23", "r1")
    await box.advance(0)
    payment, refund = await told(box)
    assert refund["trade_status"] == payment["trade_status"] == "TRADE_SUCCESS"
    assert (refund["refund_fee"], refund["out_biz_no"], refund["total_amount"]) == ("0.23", "r1", "1.23")
    assert "gmt_refund" in refund
    assert not {"gmt_refund", "out_biz_no", "refund_fee"} & set(payment)


async def test_a_trade_that_is_refunded_in_full_is_told_as_closed(box):
    await box.pay()
    await box.refund("1.23", "r1")
    await box.advance(0)
    closed = (await told(box))[-1]
    assert (closed["trade_status"], closed["refund_fee"], closed["out_biz_no"]) == ("TRADE_CLOSED", "1.23", "r1")
    assert {"gmt_close", "gmt_payment", "gmt_refund"} <= set(closed)


async def test_a_closing_by_timeout_is_told_late_and_races_with_a_query_that_says_paid(credentials_dir):
    async with sandbox(credentials_dir, alipay_notify_events=EVENTS) as box:
        await box.rule("delay", {"on": "notify", "api": "close"}, seconds=60)
        await box.precreate()
        await box.control("POST", "/trades/alipay/o1/buyer", {"action": "scan"})
        await box.advance(3 * 3600 + 1)
        assert (await query(box))["trade_status"] == "TRADE_CLOSED"
        await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay_late"})
        await query(box)
        await box.advance(60)
        *_, closed = await told(box)
        assert (closed["trade_status"], "gmt_payment" in closed) == ("TRADE_CLOSED", False)
        wire = [(one["api"], one["fault"]) for one in (await box.control("GET", "/journal"))["items"]]
        assert [one for one in wire if one[0] != "payment"][-2:] == [("alipay.trade.query", None), ("close", "delay")]
        statuses = [one["trade_status"] for one in await answers(box, "alipay.trade.query")]
        assert statuses == ["TRADE_CLOSED", "TRADE_SUCCESS"]


async def test_a_trade_is_told_as_finished_when_it_can_no_longer_be_refunded(credentials_dir):
    async with sandbox(credentials_dir, alipay_notify_events=EVENTS) as box:
        await pay(box)
        await box.advance(400 * DAY_S)
        *_, payment, finished = await told(box)
        assert (payment["trade_status"], finished["trade_status"]) == ("TRADE_SUCCESS", "TRADE_FINISHED")
        assert payment["trade_no"] == finished["trade_no"]


async def test_a_scan_is_told_as_waiting(credentials_dir):
    async with sandbox(credentials_dir, alipay_notify_events=EVENTS) as box:
        await box.precreate()
        await box.control("POST", "/trades/alipay/o1/buyer", {"action": "scan"})
        await box.receiver.until(1)
        await box.advance(0)
        (waiting,) = await told(box)
        assert waiting["trade_status"] == "WAIT_BUYER_PAY"
        assert "gmt_payment" not in waiting


async def test_events_arrive_out_of_order_and_old_resends_after_newer_states(box):
    await box.rule("refund_before_payment", {"nth": 1})
    box.receiver.answer = lambda one: (500, b"") if "gmt_refund" not in one.fields else SUCCESS
    await box.pay()
    await box.refund("0.23", "r1")
    await box.advance(240)
    assert ["gmt_refund" in one for one in await told(box)] == [True, False, False]


@pytest.mark.parametrize(
    ("fault", "settings", "name"),
    [
        ("tampered_amount", {"add_fen": 1}, "total_amount"),
        ("tampered_amount", {"add_fen": -122}, "total_amount"),
        ("wrong_recipient", {"which": "merchant"}, "seller_id"),
        ("wrong_recipient", {"which": "app"}, "app_id"),
        ("unknown_order", {}, "out_trade_no"),
    ],
)
async def test_a_correctly_signed_notify_is_about_something_else(box, fault, settings, name):
    await box.rule(fault, **settings)
    await box.pay()
    await box.advance(0)
    lie, truth = await box.journal("out")
    assert genuine(box, lie)
    assert fields(lie)[name] != fields(truth)[name]
    assert fields(lie)["notify_id"] != fields(truth)["notify_id"]


async def test_an_amount_is_written_with_one_decimal(box):
    await box.rule("other_spelling", {"on": "notify"}, spelling="short_amounts")
    await box.precreate(total="88.80")
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.advance(0)
    (entry,) = await box.journal("out")
    assert b"total_amount=88.8&" in entry["body"]
    assert genuine(box, entry)


@pytest.mark.parametrize(
    ("fault", "settings"),
    [
        ("forged_signature", {"seal": "damaged", "misread": "sign_type"}),
        ("forged_signature", {"seal": "damaged", "misread": "empty_values"}),
        ("forged_signature", {"seal": "damaged"}),
        ("forged_signature", {"seal": "foreign"}),
        ("forged_signature", {"seal": "none"}),
        ("tampered_amount", {"signed": False}),
    ],
)
async def test_a_signature_covers_another_string_or_is_another_keys(box, fault, settings):
    await box.rule(fault, **settings)
    await box.pay()
    await box.advance(0)
    lie, truth = await box.journal("out")
    assert (genuine(box, lie), genuine(box, truth)) == (False, True)
    assert _covers(box, fields(lie), settings.get("misread"), truth=fields(truth)) is (
        "misread" in settings or fault == "tampered_amount"
    )


def _covers(box, told_fields, misread, *, truth) -> bool:
    """
    Whether the signature is the platform's over the string that this misreading makes.
    """
    without = {"sign"} if misread == "sign_type" else {"sign", "sign_type"}
    amounts = {name: truth[name] for name in truth if name.endswith("amount") or name == "notify_id"}
    said = {**told_fields, **({"extend_params": ""} if misread == "empty_values" else {}), **amounts}
    text = "&".join(f"{name}={said[name]}" for name in sorted(said) if name not in without)
    try:
        box.merchant.verify(text.encode(), told_fields.get("sign", ""))
    except InvalidSignature:
        return False
    return True


SUBJECT = "打赏 \"100%\" + a&b=c 🎁 'x' pp000001"


@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
async def test_texts_need_decoding_once_and_by_the_declared_charset(box, charset):
    subject = SUBJECT if charset == "utf-8" else SUBJECT.replace("🎁", "礼")
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": subject, "passback_params": "a%3D1%26b%3D2"}
    params = box.merchant.signed("alipay.trade.precreate", business, notify_url=box.receiver.url, charset=charset)
    form = urlencode(params, encoding=charset).encode()
    url = f"{box.simulator.alipay_url}/gateway.do?charset={charset}"
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    async with box.session.post(url, data=form, headers=head) as answer:
        assert b'"code":"10000"' in await answer.read()
    await box.control("POST", "/trades/alipay/o1/buyer", {"action": "pay"})
    await box.advance(0)
    (entry,) = await box.journal("out")
    content_type = dict(entry["request"]["headers"])["Content-Type"]
    assert content_type == f"application/x-www-form-urlencoded; text/html; charset={charset}"
    raw = dict(parse_qsl(entry["body"].decode("ascii"), encoding=charset))
    assert (raw["subject"], raw["passback_params"]) == (subject, "a%3D1%26b%3D2")
    assert b"passback_params=a%253D1%2526b%253D2" in entry["body"]
    assert "+" in entry["body"].decode("ascii")
    assert genuine(box, entry)


async def test_spaces_come_as_percent_twenty(box):
    await box.rule("other_spelling", {"on": "notify"}, spelling="percent_spaces")
    await box.pay()
    await box.advance(0)
    (entry,) = await box.journal("out")
    assert b"subject=tip%20pp000001" in entry["body"]
    assert b"+" not in entry["body"]
    assert genuine(box, entry)


@pytest.mark.parametrize(
    ("fault", "settings", "piece"),
    [
        ("extra_fields", {"count": 1}, b"new_field_1=1&"),
        ("other_spelling", {"spelling": "empty_field"}, b"new_field=&"),
    ],
)
async def test_a_parameter_is_empty_or_was_never_seen_before(box, fault, settings, piece):
    await box.rule(fault, {"on": "notify"}, **settings)
    await box.pay()
    await box.advance(0)
    (entry,) = await box.journal("out")
    assert piece in entry["body"]
    assert genuine(box, entry)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"success"), (302, b""), (200, b"SUCCESS"), (200, b'"success"'), (200, b"success\n")],
)
async def test_an_endpoint_that_answers_anything_else_is_told_again(box, status, body):
    box.receiver.answer = lambda _: (status, body)
    await box.pay()
    await box.advance(LADDER_S)
    entries = await box.journal("out")
    assert [(entry["response"]["status"], answer_body(entry)) for entry in entries] == [(status, body)] * 8
    assert len({fields(entry)["notify_id"] for entry in entries}) == 1


async def test_a_notify_is_lost_for_good_and_the_query_knows(box):
    await box.rule("drop_all")
    await box.pay()
    await box.advance(LADDER_S)
    assert await box.journal("out") == []
    assert (await query(box))["trade_status"] == "TRADE_SUCCESS"
    assert (await answers(box, "alipay.trade.query"))[-1]["trade_status"] == "TRADE_SUCCESS"


async def test_times_are_beijings_whatever_the_merchants_clock(box):
    await box.pay()
    await box.refund("0.23", "r1")
    await box.advance(0)
    for entry, said in zip(await box.journal("out"), await told(box), strict=True):
        stamp_at = datetime.fromisoformat(entry["stamp_at"]).astimezone(timezone(timedelta(hours=8)))
        assert said["notify_time"] == f"{stamp_at:%Y-%m-%d %H:%M:%S}"
    refund = (await told(box))[-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", refund["gmt_refund"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", refund["gmt_payment"])
