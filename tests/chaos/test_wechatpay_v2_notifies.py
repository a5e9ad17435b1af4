"""
Rows of WeChat Pay's chaos table about notifies in XML: each produced over a socket, judged by the journal's bytes.
"""

import asyncio

import aiohttp
import pytest

from tests.chaos.wechatpay_v2_kit import ACK, FAIL, LADDER_S, Shop, answer_of, told
from tests.unit.mock_providers.wechatpay_v2_desk import fields_of


@pytest.mark.parametrize("copies", [1, 14])
def test_one_notify_comes_twice_or_fifteen_times(credentials_dir, copies):
    async def story(shop: Shop) -> None:
        await shop.rule("duplicate", copies=copies)
        await shop.paid()
        await shop.box.receiver.until(copies + 1)
        await shop.box.advance(0)
        sent = await shop.sent()
        assert (len(sent), {one.genuine for one in sent}) == (copies + 1, {True})
        assert len({one.fields["transaction_id"] for one in sent}) == 1

    told(credentials_dir, story)


def test_two_copies_arrive_at_the_same_moment(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("duplicate", copies=1, concurrent=True)
        shop.box.receiver.together = 2
        await shop.paid()
        await shop.box.receiver.until(2)
        await shop.box.advance(0)
        first, second = await shop.sent()
        assert shop.box.receiver.at_once_max == 2
        assert {**first.fields, "nonce_str": "", "sign": ""} == {**second.fields, "nonce_str": "", "sign": ""}

    told(credentials_dir, story)


def test_the_notify_overtakes_the_answer(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("before_response", {"api": "v2.unifiedorder"}, patience_s=30)
        opening = asyncio.create_task(shop.order())
        while not (await shop.box.control("GET", "/trades"))["items"]:
            assert not opening.done()
        await shop.buyer()
        await opening
        entries = (await shop.box.control("GET", "/journal"))["items"]
        assert [(one["direction"], one["api"]) for one in entries] == [("out", "payment"), ("in", "v2.unifiedorder")]

    told(credentials_dir, story)


def test_every_notify_is_lost_and_only_the_query_knows(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("drop_all")
        await shop.paid()
        await shop.box.advance(LADDER_S + 1)
        assert await shop.sent() == []
        assert (await shop.query())["trade_state"] == "SUCCESS"

    told(credentials_dir, story)


def test_the_whole_ladder_is_climbed_by_a_merchant_who_never_says_success(credentials_dir):
    async def story(shop: Shop) -> None:
        shop.box.receiver.answer = lambda _: (200, FAIL)
        await shop.paid()
        await shop.box.advance(LADDER_S + 1)
        sent = await shop.sent()
        assert (len(sent), {one.genuine for one in sent}) == (16, {True})
        assert len({one.fields["transaction_id"] for one in sent}) == 1
        assert answer_of(sent[-1].entry) == {"return_code": "FAIL"}

    told(credentials_dir, story)


def test_the_fifteenth_resend_is_as_good_as_the_first_notify(credentials_dir):
    async def story(shop: Shop) -> None:
        receiver = shop.box.receiver
        receiver.answer = lambda _: (200, ACK if len(receiver.received) == 16 else FAIL)
        await shop.paid()
        await shop.box.advance(10 * LADDER_S)
        sent = await shop.sent()
        assert (len(sent), sent[-1].genuine) == (16, True)
        assert answer_of(sent[-1].entry)["return_code"] == "SUCCESS"
        assert sent[-1].fields["time_end"] == sent[0].fields["time_end"]

    told(credentials_dir, story)


def test_a_slow_merchant_is_told_again(credentials_dir):
    async def story(shop: Shop) -> None:
        shop.box.receiver.slow_s = 6.0
        await shop.paid()
        await shop.box.advance(15)
        entries = [one.entry for one in await shop.sent()]
        assert len(entries) == 2
        assert [one["response"] for one in entries] == [None, None]

    told(credentials_dir, story)


@pytest.mark.parametrize(
    ("fault", "parameters"),
    [
        ("forged_signature", {"seal": "foreign"}),
        ("forged_signature", {"seal": "damaged"}),
        ("forged_signature", {"seal": "none"}),
        ("forged_signature", {"seal": "damaged", "misread": "sign_type"}),
        ("signature_probe", {}),
        ("tampered_amount", {"signed": False}),
    ],
)
def test_a_notify_that_the_platform_did_not_sign_comes_first(credentials_dir, fault, parameters):
    async def story(shop: Shop) -> None:
        await shop.rule(fault, {"on": "notify"}, **parameters)
        await shop.paid(sign_type="HMAC-SHA256")
        await shop.box.receiver.until(2)
        await shop.box.advance(0)
        forged, true = await shop.sent()
        assert (forged.genuine, true.genuine) == (False, True)
        assert forged.fields["out_trade_no"] == true.fields["out_trade_no"]

    told(credentials_dir, story)


@pytest.mark.parametrize(
    ("fault", "parameters", "names"),
    [
        ("tampered_amount", {"signed": True, "add_fen": 100}, {"total_fee", "cash_fee"}),
        ("wrong_recipient", {"which": "merchant"}, {"mch_id"}),
        ("wrong_recipient", {"which": "app"}, {"appid"}),
        ("unknown_order", {}, {"out_trade_no"}),
    ],
)
def test_a_lie_that_the_platform_signed(credentials_dir, fault, parameters, names):
    async def story(shop: Shop) -> None:
        await shop.rule(fault, {"on": "notify"}, **parameters)
        await shop.paid()
        await shop.box.receiver.until(2)
        await shop.box.advance(0)
        lie, true = await shop.sent()
        assert (lie.genuine, true.genuine) == (True, True)
        changed = {name for name, value in true.fields.items() if lie.fields[name] != value}
        assert changed - {"nonce_str", "sign"} == names

    told(credentials_dir, story)


def test_an_old_notify_comes_again_and_nothing_in_it_shows_its_age(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("replayed_notify", after_s=3600)
        await shop.paid()
        await shop.box.advance(3601)
        first, again = await shop.sent()
        assert (first.genuine, again.genuine) == (True, True)
        assert {name for name in first.fields if first.fields[name] != again.fields[name]} <= {"nonce_str", "sign"}

    told(credentials_dir, story)


def test_money_that_was_on_its_way_is_told_after_the_order_was_closed(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.order()
        assert (await shop.close())["result_code"] == "SUCCESS"
        await shop.buyer("pay_late")
        await shop.box.receiver.until(1)
        await shop.box.advance(0)
        (late,) = await shop.sent()
        assert (late.genuine, late.fields["result_code"]) == (True, "SUCCESS")
        assert (await shop.query())["trade_state"] == "SUCCESS"

    told(credentials_dir, story)


def test_a_payment_is_told_hours_after_the_merchant_gave_up(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("after_close", hold_s=80_000)
        await shop.paid()
        assert await shop.sent() == []
        assert (await shop.close())["err_code"] == "ORDERPAID"
        await shop.box.advance(0)
        (late,) = await shop.sent()
        assert late.fields["out_trade_no"] == "order-1"

    told(credentials_dir, story)


def test_a_refund_is_told_before_the_payment_that_it_takes_back(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("refund_before_payment")
        await shop.paid()
        await shop.refund()
        await shop.box.advance(10)
        first, second = await shop.sent()
        assert first.inside["refund_status"] == "SUCCESS"
        assert second.fields["result_code"] == "SUCCESS"

    told(credentials_dir, story)


def test_the_second_parts_refund_is_told_before_the_firsts(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        await shop.rule("reorder", {"on": "notify", "api": "refund"}, behind=1, hold_s=60)
        await shop.refund(1, "r1")
        await shop.refund(2, "r2")
        await shop.box.advance(120)
        refunds = [one.inside["out_refund_no"] for one in await shop.sent() if "req_info" in one.fields]
        assert sorted(refunds) == ["r1", "r2"]

    told(credentials_dir, story)


@pytest.mark.parametrize(
    ("ending", "word"), [("success", "SUCCESS"), ("abnormal", "CHANGE"), ("closed", "REFUNDCLOSE")]
)
def test_a_refund_ends_in_one_of_three_ways_and_its_names_differ_from_a_payments(credentials_dir, ending, word):
    async def story(shop: Shop) -> None:
        await shop.paid()
        await shop.refund()
        assert (await shop.refund_query())["refund_status_0"] == "PROCESSING"
        await shop.box.advance(10)
        notice = (await shop.sent())[-1]
        assert set(notice.fields) == {"return_code", "appid", "mch_id", "nonce_str", "req_info"}
        assert (notice.inside["refund_status"], "trade_state" in notice.inside) == (word, False)
        assert (await shop.refund_query())["refund_status_0"] == word
        assert (await shop.query())["trade_state"] == "REFUND"

    told(credentials_dir, story, wechatpay_refund_ending=ending)


def test_a_portals_refund_address_is_told_in_xml(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        fields = {"out_trade_no": "order-1", "out_refund_no": "r1", "total_fee": "123", "refund_fee": "23"}
        await shop.call("/secapi/pay/refund", fields)
        await shop.box.advance(10)
        assert [one.entry["request"]["target"] for one in await shop.sent()][-1] == "http://127.0.0.1:9/portal"

    told(credentials_dir, story, wechatpay_refund_notify_url="http://127.0.0.1:9/portal")


def test_fields_that_nobody_has_heard_of_are_signed_like_the_others(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("extra_fields", count=3)
        await shop.paid(attach="")
        await shop.box.receiver.until(1)
        await shop.box.advance(0)
        (one,) = await shop.sent()
        assert one.genuine
        assert {"future_field_1", "future_field_2", "future_field_3"} <= set(one.fields)
        assert "attach" not in one.fields

    told(credentials_dir, story)


def test_empty_fields_are_sent_and_not_signed(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("other_spelling", {"on": "notify"}, spelling="empty_field")
        await shop.paid()
        await shop.box.receiver.until(1)
        await shop.box.advance(0)
        (one,) = await shop.sent()
        assert one.genuine
        assert one.fields["attach"] == one.fields["device_info"] == ""

    told(credentials_dir, story)


def test_an_order_that_is_not_committed_yet_is_told_again(credentials_dir):
    async def story(shop: Shop) -> None:
        receiver = shop.box.receiver
        receiver.answer = lambda _: (200, ACK) if len(receiver.received) > 1 else (500, b"")
        await shop.paid()
        await shop.box.advance(LADDER_S)
        assert [one.entry["response"]["status"] for one in await shop.sent()] == [500, 200]

    told(credentials_dir, story)


def test_the_backup_domain_answers_with_the_same_order(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("reset_after", {"on": "reply", "api": "v2.unifiedorder", "first": 1})
        with pytest.raises(aiohttp.ClientError):
            await shop.order()
        again = await shop.order()
        assert again["code_url"] == (await shop.trade())["qr_code"]
        lost, answered = await shop.answered("v2.unifiedorder")
        assert (lost["response"], answer_of(answered)["result_code"]) == (None, "SUCCESS")
        assert fields_of(lost["body"])["out_trade_no"] == "order-1"

    told(credentials_dir, story)
