"""
Close and cancel: what each ends, what each refuses, and what is told of it.
"""

import pytest
import pytest_asyncio

from tests.unit.mock_providers.alipay_desk import Desk

pytestmark = pytest.mark.asyncio


def close(desk: Desk, order: str = "o1", **changes) -> dict:
    return desk.call("alipay.trade.close", {"out_trade_no": order}, **changes)


def cancel(desk: Desk, order: str = "o1") -> dict:
    return desk.call("alipay.trade.cancel", {"out_trade_no": order})


@pytest_asyncio.fixture
async def telling(credentials_dir):
    """
    A desk where everything is told.
    """
    events = frozenset({"scan", "payment", "refund", "close", "finish"})
    desk = Desk(credentials_dir, notify_events=events)
    yield desk
    await desk.schedule.stop()


async def test_close_ends_a_waiting_trade_and_nothing_else(desk):
    assert close(desk)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    desk.precreate()
    assert close(desk)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    desk.buyer("scan")
    assert close(desk)["code"] == "10000"
    assert desk.query()["trade_status"] == "TRADE_CLOSED"
    assert close(desk)["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


async def test_close_loses_the_race_to_the_payment(desk):
    desk.paid()
    assert close(desk)["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"


async def test_cancel_closes_what_is_unpaid_and_pays_back_what_is_paid(desk):
    desk.precreate("o1")
    desk.buyer("scan", "o1")
    unpaid = cancel(desk, "o1")
    assert (unpaid["action"], unpaid["retry_flag"]) == ("close", "N")
    trade = desk.paid("o2")
    paid = cancel(desk, "o2")
    assert (paid["action"], paid["retry_flag"], paid["trade_no"]) == ("refund", "N", trade.trade_no)
    assert (trade.refunded_fen, desk.query("o2")["trade_status"]) == (123, "TRADE_CLOSED")
    assert cancel(desk, "o2")["action"] == "refund"
    assert trade.refunded_fen == 123


async def test_cancelling_what_nobody_knows_is_a_success_without_action(desk):
    answer = cancel(desk)
    assert (answer["code"], answer["retry_flag"], answer["out_trade_no"]) == ("10000", "N", "o1")
    assert not {"action", "trade_no"} & set(answer)
    assert desk.precreate()["code"] == "10000"


async def test_a_code_that_is_cancelled_unscanned_can_be_scanned_no_more(desk):
    desk.precreate()
    assert "action" not in cancel(desk)
    assert desk.trade().closed_by == "merchant"
    assert desk.precreate()["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


async def test_after_a_refund_cancel_is_refused(desk):
    desk.paid()
    desk.refund("0.23", request_no="r1")
    answer = cancel(desk)
    assert (answer["sub_code"], answer["retry_flag"]) == ("ACQ.REASON_TRADE_REFUND_FEE_ERR", "N")


async def test_cancel_has_a_window(desk):
    desk.paid()
    await desk.schedule.advance(86_401)
    assert cancel(desk)["sub_code"] == "ACQ.TRADE_CANCEL_TIME_OUT"


async def test_without_money_cancel_asks_to_be_tried_again(credentials_dir):
    desk = Desk(credentials_dir, balance_fen=0, fee_basis_points=60)
    desk.paid(total="100.00")
    answer = cancel(desk)
    assert (answer["sub_code"], answer["retry_flag"]) == ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "Y")
    await desk.schedule.stop()


async def test_a_finished_trade_is_not_cancelled(credentials_dir):
    desk = Desk(credentials_dir, refundable_days=0)
    desk.paid()
    await desk.schedule.advance(1)
    assert cancel(desk)["sub_code"] == "ACQ.TRADE_HAS_FINISHED"
    await desk.schedule.stop()


async def test_a_close_goes_where_it_asks_to_be_told(telling):
    telling.precreate()
    telling.buyer("scan")
    close(telling, notify_url="http://127.0.0.1:9/closed")
    told = [(notice.event, notice.fields["trade_status"], notice.url) for notice in telling.published.notices]
    assert told == [
        ("scan", "WAIT_BUYER_PAY", "http://127.0.0.1:9/notify/alipay"),
        ("close", "TRADE_CLOSED", "http://127.0.0.1:9/closed"),
    ]
    assert "gmt_close" in telling.published.notices[1].fields
    assert "gmt_refund" not in telling.published.notices[1].fields


async def test_time_alone_closes_and_finishes_and_both_are_told(telling):
    telling.precreate("o1")
    telling.buyer("scan", "o1")
    await telling.schedule.advance(3 * 3600 + 1)
    telling.paid("o2")
    await telling.schedule.advance(366 * 86_400)
    told = [(notice.event, notice.out_trade_no) for notice in telling.published.notices]
    assert told == [("scan", "o1"), ("close", "o1"), ("scan", "o2"), ("payment", "o2"), ("finish", "o2")]
    assert telling.published.notices[-1].fields["trade_status"] == "TRADE_FINISHED"


async def test_what_was_paid_in_time_is_not_told_as_closed(telling):
    telling.paid()
    await telling.schedule.advance(4 * 3600)
    assert [notice.event for notice in telling.published.notices] == ["scan", "payment"]


@pytest.mark.parametrize(("events", "told"), [({"jsapi/close"}, 1), ({"qr/close"}, 0), ({"close"}, 1)])
async def test_an_event_can_be_told_for_one_product_alone(credentials_dir, events, told):
    desk = Desk(credentials_dir, notify_events=frozenset(events))
    business = {"out_trade_no": "o1", "total_amount": "1", "subject": "tip", "buyer_id": "2088000000000001"}
    desk.call("alipay.trade.create", business, notify_url="http://127.0.0.1:9/n")
    close(desk)
    assert len(desk.published.notices) == told
    await desk.schedule.stop()
