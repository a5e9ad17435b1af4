"""
Rows of WeChat Pay's chaos table about API v3's notifies: each produced over a socket, judged by the journal's bytes.
"""

import pytest

from tests.chaos.wechatpay_v3_kit import LADDER_S, Shop, told
from tests.loopback.sandbox import raw_body


@pytest.mark.parametrize("copies", [1, 14])
def test_one_notify_comes_twice_or_fifteen_times(credentials_dir, copies):
    async def story(shop: Shop):
        await shop.rule("duplicate", {"on": "notify"}, copies=copies)
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        return await shop.sent()

    sent = told(credentials_dir, story)
    assert len(sent) == copies + 1
    assert all(one.genuine for one in sent)
    assert len({one.envelope["id"] for one in sent}) == 1


def test_two_copies_arrive_at_the_same_moment(credentials_dir):
    async def story(shop: Shop):
        shop.box.receiver.together = 2
        await shop.rule("duplicate", {"on": "notify"}, copies=1, concurrent=True)
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        return shop.box.receiver.at_once_max, await shop.sent()

    at_once, sent = told(credentials_dir, story)
    assert (at_once, len(sent)) == (2, 2)
    assert sent[0].resource == sent[1].resource


def test_the_notify_overtakes_the_answer(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        await shop.rule("before_response", {"on": "reply", "api": "v3.refund"}, patience_s=30)
        answer = await shop.refund()
        items = (await shop.box.control("GET", "/journal"))["items"]
        return answer, [(item["direction"], item["api"]) for item in items][-2:]

    answer, order = told(credentials_dir, story, wechatpay_refund_settle_s=0.0)
    assert order == [("out", "refund"), ("in", "v3.refund")]
    assert (answer.status, answer.genuine) == (200, True)


def test_every_notify_is_lost_and_only_the_query_knows(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("drop_all", {"on": "notify"})
        await shop.paid()
        await shop.box.advance(LADDER_S, until_idle=True)
        return await shop.sent(), await shop.query()

    sent, known = told(credentials_dir, story)
    assert sent == []
    assert known["trade_state"] == "SUCCESS"


def test_a_slow_merchant_is_told_again(credentials_dir):
    async def story(shop: Shop):
        shop.box.receiver.slow_s = 6
        await shop.paid()
        await shop.box.advance(15)
        return await shop.sent()

    sent = told(credentials_dir, story)
    assert [(one.entry["response"], one.entry["error"]) for one in sent] == [(None, "no answer within 5 s")] * 2


def test_a_probe_is_followed_by_the_good_copy(credentials_dir):
    async def story(shop: Shop):
        shop.box.receiver.answer = lambda one: (
            (401, b"") if one.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/") else (204, b"")
        )
        await shop.rule("signature_probe", {"on": "notify"})
        await shop.paid()
        await shop.box.advance(LADDER_S, until_idle=True)
        return await shop.sent()

    probe, good = told(credentials_dir, story)
    assert probe.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert len(probe.headers["Wechatpay-Signature"]) == 344
    assert (probe.genuine, good.genuine) == (False, True)
    assert probe.entry["fault"] == "signature_probe"


@pytest.mark.parametrize("seal", ["foreign", "damaged", "none"])
def test_a_notify_that_the_platform_did_not_sign_comes_first(credentials_dir, seal):
    async def story(shop: Shop):
        await shop.rule("forged_signature", {"on": "notify"}, seal=seal)
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        return await shop.sent()

    forged, true = told(credentials_dir, story)
    assert (forged.genuine, true.genuine) == (False, True)
    assert ("Wechatpay-Signature" in forged.headers) is (seal != "none")


@pytest.mark.parametrize(
    ("fault", "parameters", "field"),
    [
        ("tampered_amount", {"add_fen": 100, "signed": True}, "amount"),
        ("wrong_recipient", {"which": "merchant"}, "mchid"),
        ("wrong_recipient", {"which": "app"}, "appid"),
        ("unknown_order", {}, "out_trade_no"),
    ],
)
def test_a_lie_that_the_platform_signed(credentials_dir, fault, parameters, field):
    async def story(shop: Shop):
        await shop.rule(fault, {"on": "notify"}, **parameters)
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        return await shop.sent(), await shop.query()

    sent, truth = told(credentials_dir, story)
    lie = next(one for one in sent if one.entry["fault"])
    assert lie.genuine
    assert {name for name in truth if lie.resource[name] != truth[name]} == {field}
    assert any(one.resource == truth for one in sent)


@pytest.mark.parametrize(
    ("fault", "parameters"), [("stale_timestamp", {"seconds": 3600}), ("clock_skew", {"seconds": -360})]
)
def test_an_old_stamp_is_truly_signed(credentials_dir, fault, parameters):
    async def story(shop: Shop):
        await shop.rule(fault, {"on": "notify", "first": 1}, **parameters)
        shop.box.receiver.answer = lambda _: (401, b"")
        await shop.paid()
        await shop.box.advance(15)
        return await shop.sent()

    sent = told(credentials_dir, story)
    stale, fresh = (next(one for one in sent if bool(one.entry["fault"]) is struck) for struck in (True, False))
    assert stale.genuine
    assert int(fresh.headers["Wechatpay-Timestamp"]) - int(stale.headers["Wechatpay-Timestamp"]) >= 360


def test_an_old_notify_is_replayed(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("replayed_notify", {"on": "notify"}, after_s=3600, stale_s=3600)
        await shop.paid()
        await shop.box.advance(3700, until_idle=True)
        return await shop.sent()

    true, replayed = told(credentials_dir, story)
    assert replayed.genuine
    assert replayed.envelope["id"] == true.envelope["id"]
    assert int(replayed.headers["Wechatpay-Timestamp"]) < int(true.headers["Wechatpay-Timestamp"]) - 300


def test_both_kinds_of_serial_come_while_a_merchant_moves(credentials_dir):
    async def story(shop: Shop):
        for number in range(12):
            await shop.paid(f"order{number}")
        await shop.box.advance(1, until_idle=True)
        return await shop.sent()

    sent = told(credentials_dir, story, wechatpay_platform="switching")
    assert all(one.genuine for one in sent)
    assert {one.headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_") for one in sent} == {True, False}


def test_the_fifteenth_resend_after_24_hours_and_4_minutes_is_good(credentials_dir):
    async def story(shop: Shop):
        shop.box.receiver.answer = lambda _: (200, b"") if len(shop.box.receiver.received) == 16 else (500, b"")
        await shop.paid()
        started_s = (await shop.box.control("GET", "/clock"))["schedule_at"]
        await shop.box.advance(LADDER_S)
        return started_s, await shop.sent()

    _, sent = told(credentials_dir, story)
    assert len(sent) == 16
    assert sent[-1].genuine
    assert len({one.headers["Wechatpay-Signature"] for one in sent}) <= 16
    assert [one.entry["response"]["status"] for one in sent] == [500] * 15 + [200]


def test_money_that_was_on_its_way_arrives_after_the_close(credentials_dir):
    async def story(shop: Shop):
        await shop.create()
        closed = await shop.close()
        await shop.buyer("pay_late")
        await shop.box.advance(1, until_idle=True)
        return closed, await shop.query(), await shop.sent()

    closed, known, (late,) = told(credentials_dir, story)
    assert (closed.status, known["trade_state"]) == (204, "SUCCESS")
    assert late.resource["transaction_id"] == known["transaction_id"]


def test_the_second_refund_is_told_before_the_first(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        await shop.rule("reorder", {"on": "notify", "api": "refund", "nth": 1}, behind=1, hold_s=600)
        await shop.refund(20, "r1")
        await shop.box.advance(4)
        await shop.box.control("DELETE", "/faults/rules/reorder")
        await shop.refund(30, "r2")
        await shop.box.advance(600, until_idle=True)
        return await shop.sent()

    sent = told(credentials_dir, story)
    refunds = [one.resource["out_refund_no"] for one in sent if one.entry["api"] == "refund"]
    assert sorted(refunds) == ["r1", "r2"]
    assert refunds[0] == "r2"


def test_a_refund_is_called_otherwise_in_its_notify(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        answer = await shop.refund()
        await shop.box.advance(5, until_idle=True)
        return answer.said, (await shop.refund_query()).said, await shop.query(), await shop.sent()

    answer, queried, trade, sent = told(credentials_dir, story)
    assert (answer["status"], queried["status"], trade["trade_state"]) == ("PROCESSING", "SUCCESS", "REFUND")
    resource = sent[-1].resource
    assert resource["refund_status"] == "SUCCESS"
    assert "status" not in resource


def test_a_refund_without_an_address_is_told_in_xml(credentials_dir):
    async def story(shop: Shop):
        await shop.paid()
        await shop.refund(notify_url=None)
        await shop.box.advance(5, until_idle=True)
        return (await shop.box.journal("out"))[-1]

    url = "http://127.0.0.1:9009/portal"
    entry = told(credentials_dir, story, wechatpay_refund_notify_url=url)
    assert entry["request"]["target"] == url
    assert raw_body(entry).startswith(b"<xml>")
    assert b"req_info" in raw_body(entry)


def test_headers_are_stripped_by_a_proxy_on_the_way(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("forged_signature", {"on": "notify"}, seal="none")
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        return (await shop.sent())[0]

    stripped = told(credentials_dir, story)
    assert not [name for name in stripped.headers if name.startswith("Wechatpay")]
    assert stripped.resource["trade_state"] == "SUCCESS"


def test_unknown_fields_and_an_empty_attach_are_signed_like_the_rest(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("extra_fields", {"on": "notify"}, count=3)
        await shop.paid()
        await shop.box.advance(1, until_idle=True)
        return (await shop.sent())[0]

    strange = told(credentials_dir, story)
    assert strange.genuine
    assert len([name for name in strange.resource if name.startswith("future_field")]) == 3
    assert strange.resource["attach"] == ""


def test_a_refund_is_told_before_its_payment(credentials_dir):
    async def story(shop: Shop):
        await shop.rule("refund_before_payment", {"on": "notify", "api": "payment"})
        await shop.paid()
        await shop.refund()
        await shop.box.advance(4000, until_idle=True)
        return [one.entry["api"] for one in await shop.sent()]

    assert told(credentials_dir, story) == ["refund", "payment"]


def test_one_business_order_is_paid_under_two_numbers(credentials_dir):
    async def story(shop: Shop):
        await shop.paid("order1")
        await shop.paid("order2")
        await shop.box.advance(1, until_idle=True)
        return await shop.sent()

    sent = told(credentials_dir, story)
    assert [one.resource["trade_state"] for one in sent] == ["SUCCESS", "SUCCESS"]
    assert len({one.resource["transaction_id"] for one in sent}) == 2
