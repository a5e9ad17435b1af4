"""
Rows of WeChat Pay's chaos table about calls in XML: each produced over a socket, judged by the journal's bytes.
"""

from contextlib import suppress

import aiohttp
import pytest

from tests.chaos.wechatpay_v2_kit import Shop, answer_of, told
from tests.loopback.sandbox import answer_body
from tests.unit.mock_providers.wechatpay_v2_desk import ORDER, digest, fields_of


@pytest.mark.parametrize("fault", ["timeout_after", "reset_after"])
def test_a_call_is_lost_after_its_work_and_the_same_number_goes_again(credentials_dir, fault):
    async def story(shop: Shop) -> None:
        await shop.rule(fault, {"on": "reply", "api": "v2.unifiedorder", "first": 1})
        with pytest.raises(aiohttp.ClientError):
            await shop.order()
        assert (await shop.query())["trade_state"] == "NOTPAY"
        assert (await shop.order())["result_code"] == "SUCCESS"
        lost, again = await shop.answered("v2.unifiedorder")
        assert (lost["response"], answer_of(again)["result_code"]) == (None, "SUCCESS")
        assert lost["body"] == again["body"]

    told(credentials_dir, story)


@pytest.mark.parametrize(
    ("fault", "parameters"), [("timeout_before", {}), ("reset_before", {}), ("http_error", {"status": 502})]
)
def test_a_call_is_lost_before_its_work_and_the_number_is_free(credentials_dir, fault, parameters):
    async def story(shop: Shop) -> None:
        await shop.rule(fault, {"on": "reply", "api": "v2.unifiedorder", "first": 1}, **parameters)
        with suppress(aiohttp.ClientError):
            body = await shop.raw("/pay/unifiedorder", ORDER | {"notify_url": shop.box.receiver.url})
            assert not body.startswith(b"<xml>")
        assert (await shop.query())["err_code"] == "ORDERNOTEXIST"

    told(credentials_dir, story)


@pytest.mark.parametrize("work", [True, False])
def test_the_platform_stumbles_whether_the_work_is_done_or_not(credentials_dir, work):
    async def story(shop: Shop) -> None:
        await shop.rule("system_error", {"on": "reply", "api": "v2.unifiedorder", "first": 1}, work=work)
        assert (await shop.order())["err_code"] == "SYSTEMERROR"
        known = (await shop.query()).get("trade_state")
        assert known == ("NOTPAY" if work else None)
        assert (await shop.order())["result_code"] == "SUCCESS"

    told(credentials_dir, story)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_key", "unsigned"])
def test_an_answer_that_nobody_should_believe(credentials_dir, fault):
    async def story(shop: Shop) -> None:
        await shop.rule(fault, {"on": "reply", "api": "v2.orderquery", "first": 1})
        await shop.paid()
        body = await shop.raw("/pay/orderquery", {"out_trade_no": "order-1"})
        (entry,) = await shop.answered("v2.orderquery")
        fields = answer_of(entry)
        assert answer_body(entry) == body
        assert fields["trade_state"] == "SUCCESS"
        assert fields.get("sign") != digest(fields, shop.merchant.key)
        assert (await shop.query())["trade_state"] == "SUCCESS"

    told(credentials_dir, story)


@pytest.mark.parametrize(("style", "code"), [("documented", "OUT_TRADE_NO_USED"), ("field", "INVALID_REQUEST")])
def test_a_number_is_used_for_something_else_or_is_paid(credentials_dir, style, code):
    async def story(shop: Shop) -> None:
        await shop.order()
        assert (await shop.order(total_fee="124"))["err_code"] == code
        await shop.buyer()
        assert (await shop.order())["err_code"] == "ORDERPAID"
        assert [answer_of(one).get("err_code") for one in await shop.answered("v2.unifiedorder")] == [
            None,
            code,
            "ORDERPAID",
        ]

    told(credentials_dir, story, wechatpay_duplicate_number=style)


def test_the_buyer_pays_while_the_merchant_closes(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        assert (await shop.close())["err_code"] == "ORDERPAID"
        await shop.order("order-2", body="tea pp000002")
        await shop.rule("busy", {"on": "reply", "api": "v2.closeorder", "first": 1})
        assert (await shop.close("order-2"))["err_code"] == "FREQUENCY_LIMITED"
        await shop.buyer("pay", "order-2")
        assert (await shop.query("order-2"))["trade_state"] == "SUCCESS"

    told(credentials_dir, story)


@pytest.mark.parametrize(("switch", "code"), [("accepted", None), ("refused", "ORDERNOTEXIST")])
def test_closing_a_number_that_nobody_used(credentials_dir, switch, code):
    async def story(shop: Shop) -> None:
        assert (await shop.close("typo-1")).get("err_code") == code
        assert (await shop.query("typo-1"))["err_code"] == "ORDERNOTEXIST"

    told(credentials_dir, story, wechatpay_unknown_close=switch)


def test_time_expire_ends_the_buyers_time_and_closes_nothing(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.order(time_start="20260102110405", time_expire="20260102111405")
        await shop.box.advance(660)
        await shop.box.control("POST", "/trades/wechatpay/order-1/buyer", {"action": "pay"}, status=409)
        assert (await shop.query())["trade_state"] == "NOTPAY"
        assert (await shop.close())["result_code"] == "SUCCESS"

    told(credentials_dir, story)


@pytest.mark.parametrize(
    ("ending", "then"), [("9990", "SUCCESS"), ("9991", "PAYERROR"), ("9992", "PAYERROR"), ("9993", "NOTPAY")]
)
def test_the_buyer_types_a_password_in_time_or_never(credentials_dir, ending, then):
    async def story(shop: Shop) -> None:
        code = (await shop.micropay(ending))["err_code"]
        if code == "USERPAYING":
            assert (await shop.query())["trade_state"] == "USERPAYING"
            refused = await shop.reverse()
            assert (refused["err_code"], refused["recall"]) == ("USERPAYING", "Y")
        await shop.box.advance(45)
        assert (await shop.query())["trade_state"] == then
        assert answer_of((await shop.answered("v2.micropay"))[0])["err_code"] == code

    told(credentials_dir, story)


@pytest.mark.parametrize(("ending", "code"), [("9996", "BANKERROR"), ("9997", "SYSTEMERROR")])
def test_a_payment_by_code_whose_outcome_is_unknown_has_happened(credentials_dir, ending, code):
    async def story(shop: Shop) -> None:
        assert (await shop.micropay(ending))["err_code"] == code
        assert (await shop.query())["trade_state"] == "SUCCESS"

    told(credentials_dir, story)


def test_it_was_paid_between_the_last_query_and_the_reversal(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.micropay("9990")
        assert (await shop.query())["trade_state"] == "USERPAYING"
        await shop.box.advance(11)
        assert (await shop.reverse())["recall"] == "N"
        assert (await shop.query())["trade_state"] == "REVOKED"
        trade = await shop.trade()
        assert (trade["paid_fen"], trade["refunded_fen"]) == (123, 123)

    told(credentials_dir, story)


def test_a_refund_is_lost_after_its_work_and_the_same_number_moves_nothing_more(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        await shop.rule("timeout_after", {"on": "reply", "api": "v2.refund", "first": 1})
        with pytest.raises(aiohttp.ClientError):
            await shop.refund()
        assert (await shop.refund_query())["refund_fee_0"] == "23"
        assert (await shop.refund())["refund_fee"] == "23"
        assert (await shop.refund(24))["err_code"] == "REFUND_FEE_MISMATCH"
        await shop.box.advance(10)
        assert (await shop.trade())["refunded_fen"] == 23

    told(credentials_dir, story)


def test_a_refund_that_was_never_accepted_is_unknown(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        await shop.rule("timeout_before", {"on": "reply", "api": "v2.refund", "first": 1})
        with pytest.raises(aiohttp.ClientError):
            await shop.refund()
        assert (await shop.refund_query())["err_code"] == "REFUNDNOTEXIST"
        assert (await shop.refund())["result_code"] == "SUCCESS"

    told(credentials_dir, story)


def test_a_refund_waits_for_money_under_the_same_number(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        await shop.rule("refuse", {"on": "reply", "api": "v2.refund", "first": 2}, code="NOTENOUGH")
        codes = [(await shop.refund()).get("err_code") for _ in range(3)]
        assert codes == ["NOTENOUGH", "NOTENOUGH", None]
        assert [answer_of(one).get("err_code") for one in await shop.answered("v2.refund")] == codes

    told(credentials_dir, story)


def test_a_refund_in_process_asks_for_the_same_call_again(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        await shop.rule("in_process", {"on": "reply", "api": "v2.refund", "first": 1})
        assert (await shop.refund())["err_code"] == "BIZERR_NEED_RETRY"
        assert (await shop.refund())["result_code"] == "SUCCESS"
        await shop.box.advance(10)
        assert (await shop.trade())["refunded_fen"] == 23

    told(credentials_dir, story)


def test_calls_are_throttled_and_change_nothing(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("busy", {"on": "reply", "first": 3})
        codes = [(await shop.order()).get("err_code") for _ in range(4)]
        assert codes == ["FREQUENCY_LIMITED"] * 3 + [None]
        assert [answer_of(one).get("err_code") for one in await shop.answered("v2.unifiedorder")] == codes

    told(credentials_dir, story)


def test_times_are_beijings_without_saying_so_and_a_bills_day_is_a_beijing_day(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.box.advance(13 * 3600)
        await shop.paid()
        assert (await shop.query())["time_end"] == "20260103000405"
        await shop.box.advance(36 * 3600)
        assert b"`order-1," in await shop.raw("/pay/downloadbill", {"bill_date": "20260103", "bill_type": "ALL"})
        missing = await shop.raw("/pay/downloadbill", {"bill_date": "20260102", "bill_type": "ALL"})
        assert fields_of(missing) == {"return_code": "FAIL", "return_msg": "No Bill Exist", "error_code": "20002"}

    told(credentials_dir, story)


def test_a_bill_is_made_until_ten_and_says_what_was_planted(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid()
        asked = {"bill_date": "20260102", "bill_type": "ALL"}
        await shop.box.advance(16 * 3600)
        assert fields_of(await shop.raw("/pay/downloadbill", asked))["error_code"] == "20003"
        await shop.box.advance(12 * 3600)
        assert b"`1.23," in await shop.raw("/pay/downloadbill", asked)
        merchant_id = shop.merchant.mchid
        planted = {
            "provider": "wechatpay",
            "merchant_id": merchant_id,
            "day": "2026-01-02",
            "kind": "amount",
            "add_fen": 5,
        }
        await shop.box.control("POST", "/bills/planted", planted)
        assert b"`1.28," in await shop.raw("/pay/downloadbill", asked)

    told(credentials_dir, story)


@pytest.mark.parametrize(("fault", "parameters"), [("truncated", {}), ("malformed_body", {}), ("slow_drip", {})])
def test_half_an_answer_or_another_body_leaves_the_outcome_unknown(credentials_dir, fault, parameters):
    async def story(shop: Shop) -> None:
        await shop.rule(fault, {"on": "reply", "api": "v2.unifiedorder", "first": 1}, **parameters)
        try:
            await shop.order()
        except (aiohttp.ClientError, SyntaxError, AssertionError):
            assert fault != "slow_drip"
        assert (await shop.query())["trade_state"] == "NOTPAY"

    told(credentials_dir, story)


def test_an_answer_in_another_order_is_signed_over_the_same_fields(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.rule("other_spelling", {"on": "reply", "api": "v2.unifiedorder", "first": 1}, spelling="reordered")
        first = await shop.order()
        again = await shop.order()
        assert first["prepay_id"] == again["prepay_id"]
        odd, usual = (answer_body(one) for one in await shop.answered("v2.unifiedorder"))
        assert odd.index(b"<code_url>") < odd.index(b"<return_code>")
        assert usual.index(b"<code_url>") > usual.index(b"<return_code>")

    told(credentials_dir, story)


def test_one_order_is_paid_through_two_numbers(credentials_dir):
    async def story(shop: Shop) -> None:
        await shop.paid("order-1", attach="cart 7")
        await shop.paid("order-2", attach="cart 7")
        await shop.box.receiver.until(2)
        await shop.box.advance(0)
        sent = [one.fields for one in await shop.sent()]
        assert [(one["out_trade_no"], one["attach"]) for one in sent] == [("order-1", "cart 7"), ("order-2", "cart 7")]

    told(credentials_dir, story)


def test_a_caller_with_the_wrong_key_is_told_so_and_no_more(credentials_dir):
    async def story(shop: Shop) -> None:
        body = await shop.raw("/pay/orderquery", {"out_trade_no": "order-1"}, key="k" * 32)
        assert fields_of(body) == {"return_code": "FAIL", "return_msg": "签名错误"}
        (entry,) = await shop.answered("v2.orderquery")
        assert (entry["signature_ok"], entry["doctor"]["cause"]) == (False, None)

    told(credentials_dir, story)
