"""
Refunds: in parts, repeated, and never more than was paid.
"""

import pytest

pytestmark = pytest.mark.asyncio

ZEROS = {"refund_fee": "0.00", "send_back_fee": "0.00"}


async def test_parts_add_up_and_the_fee_told_is_the_sum(desk):
    desk.paid()
    first = desk.refund("0.23", request_no="r1")
    assert (first["fund_change"], first["refund_fee"], first["send_back_fee"]) == ("Y", "0.23", "0.23")
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"
    second = desk.refund("1.00", request_no="r2")
    assert (second["fund_change"], second["refund_fee"], second["send_back_fee"]) == ("Y", "1.23", "1.00")
    assert desk.query()["trade_status"] == "TRADE_CLOSED"


@pytest.mark.parametrize("amount", ["0.23", "1.23"])
async def test_the_same_request_again_moves_nothing(desk, amount):
    desk.paid()
    desk.refund(amount, request_no="r1")
    again = desk.refund(amount, request_no="r1")
    assert (again["code"], again["fund_change"]) == ("10000", "N")
    assert (again["refund_fee"], again["send_back_fee"]) == (amount, "0.00")
    assert desk.trade().refunded_fen == round(float(amount) * 100)
    assert [notice.event for notice in desk.published.notices] == ["payment", "refund"]


async def test_the_same_request_with_another_amount_is_refused(desk):
    desk.paid()
    desk.refund("0.23", request_no="r1")
    assert desk.refund("0.24", request_no="r1")["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"
    assert desk.trade().refunded_fen == 23


async def test_without_a_request_number_only_the_whole_goes_back(desk):
    desk.paid()
    assert desk.refund("0.23")["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
    assert desk.refund("1.23")["fund_change"] == "Y"
    assert desk.refund("1.23")["fund_change"] == "N"
    answer = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o1", "out_request_no": "o1"})
    assert answer["refund_status"] == "REFUND_SUCCESS"


async def test_more_than_is_left_is_refused_with_zeros(desk):
    desk.paid()
    desk.refund("1.00", request_no="r1")
    refused = desk.refund("0.24", request_no="r2")
    assert refused["sub_code"] == refused["sub_msg"].join(["ACQ.", ""]) == "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    assert refused.items() >= ZEROS.items()


async def test_states_without_money_refund_nothing(desk):
    assert desk.refund("1.23")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    desk.precreate()
    assert desk.refund("1.23")["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    desk.buyer("scan")
    assert desk.refund("1.23")["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    desk.buyer("pay")
    desk.refund("1.23", request_no="r1")
    assert desk.refund("1.23", request_no="r2")["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


async def test_after_a_year_the_trade_is_finished(desk):
    desk.paid()
    await desk.schedule.advance(366 * 86_400)
    assert desk.refund("1.23")["sub_code"] == "ACQ.TRADE_HAS_FINISHED"
    assert desk.query()["trade_status"] == "TRADE_FINISHED"


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", None, "x"])
async def test_an_amount_that_makes_no_sense_is_refused(desk, amount):
    desk.paid()
    assert desk.refund(amount, request_no="r1")["sub_code"] == "ACQ.INVALID_PARAMETER"
    assert desk.trade().refunded_fen == 0


async def test_one_refund_can_be_looked_up(desk):
    desk.paid()
    desk.refund("0.23", request_no="r1")
    answer = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o1", "out_request_no": "r1"})
    assert (answer["refund_amount"], answer["total_amount"], answer["refund_status"]) == (
        "0.23", "1.23", "REFUND_SUCCESS",
    )  # fmt: skip


async def test_an_unknown_request_number_is_a_success_that_says_nothing(desk):
    desk.paid()
    answer = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o1", "out_request_no": "r9"})
    assert answer["code"] == "10000"
    assert not {"refund_status", "refund_amount"} & set(answer)
    missing = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o9", "out_request_no": "r1"})
    assert missing["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    no_number = desk.call("alipay.trade.fastpay.refund.query", {"out_trade_no": "o1"})
    assert no_number["sub_code"] == "ACQ.INVALID_PARAMETER"
