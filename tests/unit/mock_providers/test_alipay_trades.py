"""
precreate and query: what the platform knows when, and what it says then.
"""

import pytest

from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, post

pytestmark = pytest.mark.asyncio

ZEROS = {"buyer_pay_amount": "0.00", "invoice_amount": "0.00", "point_amount": "0.00", "receipt_amount": "0.00"}


async def test_a_code_is_issued_and_no_trade_exists_until_it_is_scanned(desk):
    answer = desk.precreate()
    assert answer["code"] == "10000"
    assert answer["qr_code"].startswith("https://qr.alipay.com/bax")
    assert len(answer["qr_code"]) == len("https://qr.alipay.com/bax") + 21
    unknown = desk.query()
    assert (unknown["code"], unknown["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")
    assert unknown.items() >= ZEROS.items()
    desk.buyer("scan")
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"


async def test_a_paid_trade_tells_its_money_and_its_date_in_beijing(desk):
    desk.paid()
    answer = desk.query()
    assert answer["trade_status"] == "TRADE_SUCCESS"
    assert answer["total_amount"] == answer["receipt_amount"] == answer["buyer_pay_amount"] == "1.23"
    assert answer["send_pay_date"] == "2026-01-02 11:04:05"
    assert answer["fund_bill_list"] == [{"amount": "1.23", "fund_channel": "ALIPAYACCOUNT"}]
    assert answer["trade_no"].startswith("2026010222001")
    assert len(answer["trade_no"]) == 28


async def test_an_unpaid_trade_tells_zeros(desk):
    desk.precreate()
    desk.buyer("scan")
    assert desk.query().items() >= ZEROS.items()
    assert "send_pay_date" not in desk.query()


async def test_the_platforms_number_wins_over_the_merchants(desk):
    first = desk.paid("o1")
    desk.paid("o2", total="9.99")
    answer = desk.call("alipay.trade.query", {"trade_no": first.trade_no, "out_trade_no": "o2"})
    assert answer["out_trade_no"] == "o1"


async def test_the_same_order_again_gives_the_same_code(desk):
    assert desk.precreate()["qr_code"] == desk.precreate()["qr_code"]
    assert desk.trade().seq == 1


@pytest.mark.parametrize("change", [{"total": "1.24"}, {"subject": "another"}])
async def test_the_same_order_with_other_data_is_refused(desk, change):
    desk.precreate()
    assert desk.precreate(**change)["sub_code"] == "ACQ.CONTEXT_INCONSISTENT"
    assert desk.trade().opening.total_fen == 123


async def test_an_order_that_is_paid_or_closed_is_not_opened_again(desk):
    desk.paid("o1")
    assert desk.precreate("o1")["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"
    desk.refund("1.23")
    assert desk.precreate("o1")["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


async def test_asking_for_the_same_code_again_and_again_is_refused_in_the_end(desk):
    codes = [desk.precreate().get("sub_code") for _ in range(21)]
    assert codes == [None] * 20 + ["ACQ.APPLY_PC_MERCHANT_CODE_ERROR"]


@pytest.mark.parametrize(
    ("fields", "sub_code"),
    [
        ({"total_amount": "0.00"}, "ACQ.TOTAL_FEE_EXCEED"),
        ({"total_amount": "100000000.01"}, "ACQ.TOTAL_FEE_EXCEED"),
        ({"total_amount": "1.001"}, "ACQ.INVALID_PARAMETER"),
        ({"total_amount": None}, "ACQ.INVALID_PARAMETER"),
        ({"subject": ""}, "ACQ.INVALID_PARAMETER"),
        ({"subject": "x" * 257}, "ACQ.INVALID_PARAMETER"),
        ({"out_trade_no": ""}, "ACQ.INVALID_PARAMETER"),
        ({"out_trade_no": "x" * 65}, "ACQ.INVALID_PARAMETER"),
        ({"out_trade_no": "o 1"}, "ACQ.INVALID_PARAMETER"),
        ({"seller_id": "2088000000000000"}, "ACQ.INVALID_PARAMETER"),
        ({"timeout_express": "16d"}, "ACQ.INVALID_PARAMETER"),
        ({"timeout_express": "1.5h"}, "ACQ.INVALID_PARAMETER"),
        ({"qr_code_timeout_express": "16d"}, "ACQ.INVALID_PARAMETER"),
        ({"time_expire": "2026-01-02"}, "ACQ.INVALID_PARAMETER"),
        ({"time_expire": "2026-01-02 11:04:05"}, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"),
    ],
)
async def test_what_makes_no_sense_opens_nothing(desk, fields, sub_code):
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip", **fields}
    assert desk.call("alipay.trade.precreate", business)["sub_code"] == sub_code
    assert desk.book.page(after=0, limit=9, provider=None, now=desk.schedule.now()) == ([], None)


@pytest.mark.parametrize(("total", "fen"), [(1, 100), (1.5, 150), (0.01, 1), ("88.8", 8880)])
async def test_amounts_may_be_json_numbers(desk, total, fen):
    desk.precreate(total=total)
    assert desk.trade().opening.total_fen == fen


@pytest.mark.parametrize(
    ("fields", "life_s"),
    [
        ({}, 3 * 3600),
        ({"timeout_express": "5m"}, 300),
        ({"timeout_express": "1c"}, 12 * 3600 + 55 * 60 + 55),
        ({"time_expire": "2026-01-02 11:10:00", "timeout_express": "1d"}, 355),
    ],
)
async def test_a_trade_closes_when_its_time_is_over(desk, fields, life_s):
    desk.precreate(**fields)
    desk.buyer("scan")
    await desk.schedule.advance(life_s - 1.9)
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"
    await desk.schedule.advance(2)
    assert desk.query()["trade_status"] == "TRADE_CLOSED"
    assert desk.precreate(**fields)["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


async def test_a_code_lives_two_hours_at_most_and_can_be_had_afresh(desk):
    old = desk.precreate()["qr_code"]
    await desk.schedule.advance(2 * 3600)
    new = desk.precreate()["qr_code"]
    assert new != old
    assert desk.book.by_qr(old, now=desk.schedule.now()) is None
    desk.buyer("pay")
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"


@pytest.mark.parametrize(("span", "life_s"), [("5m", 300), ("1d", 7200), ("1c", 7200)])
async def test_a_code_may_live_shorter_than_its_trade_and_never_longer_than_two_hours(desk, span, life_s):
    old = desk.precreate(qr_code_timeout_express=span)["qr_code"]
    await desk.schedule.advance(life_s - 1)
    assert desk.precreate(qr_code_timeout_express=span)["qr_code"] == old
    await desk.schedule.advance(1)
    assert desk.precreate(qr_code_timeout_express=span)["qr_code"] != old


async def test_a_payment_is_told_once_with_the_harnesss_label(desk):
    desk.paid()
    (notice,) = desk.published.notices
    assert (notice.event, notice.url, notice.label) == ("payment", NOTIFY_URL, "pp000001")


async def test_without_a_notify_url_nobody_is_told(desk):
    desk.call("alipay.trade.precreate", {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip"})
    desk.buyer("pay")
    assert desk.published.notices == []


@pytest.mark.parametrize("action", ["insufficient_balance", "wrong_password", "cancel"])
async def test_a_payment_that_fails_leaves_the_trade_waiting(desk, action):
    desk.precreate()
    desk.buyer(action)
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"
    desk.buyer("pay")
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"


async def test_query_without_a_number_is_refused(desk):
    assert desk.call("alipay.trade.query", {})["sub_code"] == "ACQ.INVALID_PARAMETER"


async def test_an_order_number_written_as_a_json_number_is_an_order_like_any_other(desk):
    fields = {"out_trade_no": 20260102, "total_amount": 1, "subject": "tip pp000042"}
    call = desk.read(post(desk.merchant.signed("alipay.trade.precreate", fields)))
    assert (call.order, call.label, call.faultable) == ("20260102", "pp000042", True)
    assert desk.merchant.opened(call.perform().body, "alipay_trade_precreate_response")["code"] == "10000"
    assert desk.trade("20260102").opening.label == "pp000042"
