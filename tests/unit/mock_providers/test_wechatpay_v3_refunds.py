"""
Refunds over API v3: accepted, repeated, impossible, stuck and failed, and what is told of each.
"""

import pytest

from tests.unit.mock_providers.wechatpay_v3_desk import NOTIFY_URL, V3Desk

pytestmark = pytest.mark.asyncio

REFUNDS = "/v3/refund/domestic/refunds"


async def settled(desk: V3Desk) -> None:
    await desk.schedule.advance(3.0)


async def test_a_refund_is_accepted_first_and_arrives_later(v3_desk: V3Desk):
    v3_desk.paid()
    told = len(v3_desk.published.notices)

    status, said = v3_desk.refund(23)

    assert (status, said["status"]) == (200, "PROCESSING")
    assert "success_time" not in said
    assert (said["refund_id"][:2], len(said["refund_id"])) == ("50", 29)
    assert len(v3_desk.published.notices) == told
    assert v3_desk.query()[1]["trade_state"] == "REFUND"
    await settled(v3_desk)
    after = v3_desk.call("GET", f"{REFUNDS}/refund1")[1]
    assert (after["status"], after["success_time"]) == ("SUCCESS", "2026-01-02T11:04:08+08:00")
    assert v3_desk.trade().refunded_fen == 23


async def test_a_refund_notify_calls_the_state_refund_status(v3_desk: V3Desk):
    v3_desk.paid()
    v3_desk.refund(23)
    await settled(v3_desk)

    resource = v3_desk.merchant.opened(v3_desk.notify())

    assert resource["refund_status"] == "SUCCESS"
    assert not {"status", "channel", "funds_account", "appid"} & resource.keys()
    assert resource["amount"] == {"total": 123, "refund": 23, "payer_total": 123, "payer_refund": 23}
    assert v3_desk.published.notices[-1].context["event_type"] == "REFUND.SUCCESS"


async def test_the_same_number_moves_money_once(v3_desk: V3Desk):
    v3_desk.paid()

    first, again = v3_desk.refund(23), v3_desk.refund(23)

    assert first == again
    await settled(v3_desk)
    assert v3_desk.trade().refunded_fen == 23
    assert v3_desk.refund(24)[1]["code"] == "REFUND_FEE_MISMATCH"


async def test_a_refund_on_its_way_reserves_its_amount(v3_desk: V3Desk):
    v3_desk.paid()
    v3_desk.refund(100)

    status, said = v3_desk.refund(24, refund_no="refund2")

    assert (status, said["code"]) == (400, "INVALID_REQUEST")
    assert v3_desk.refund(23, refund_no="refund2")[0] == 200
    assert v3_desk.refund(1, refund_no="refund3")[1]["message"] == "订单已全额退款"


async def test_after_50_refunds_there_is_no_more(v3_desk: V3Desk):
    v3_desk.paid()
    for number in range(50):
        assert v3_desk.refund(1, refund_no=f"r{number}")[0] == 200

    assert v3_desk.refund(1, refund_no="r50")[0] == 400


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"out_trade_no": "nobody"}, 404, "RESOURCE_NOT_EXISTS"),
        ({"out_trade_no": "unpaid"}, 404, "RESOURCE_NOT_EXISTS"),
        ({"out_trade_no": None}, 400, "PARAM_ERROR"),
        ({"out_trade_no": "order2"}, 400, "INVALID_REQUEST"),
        ({"amount": {"refund": 1, "total": 124, "currency": "CNY"}}, 400, "INVALID_REQUEST"),
        ({"amount": {"refund": 1, "total": 123}}, 400, "PARAM_ERROR"),
        ({"amount": {"refund": 0, "total": 123, "currency": "CNY"}}, 400, "PARAM_ERROR"),
        ({"amount": {"refund": 124, "total": 123, "currency": "CNY"}}, 400, "PARAM_ERROR"),
        ({"out_refund_no": "r 1"}, 400, "PARAM_ERROR"),
        ({"reason": "x" * 81}, 400, "PARAM_ERROR"),
    ],
)
async def test_a_refund_that_cannot_be_is_refused(v3_desk: V3Desk, change, status, code):
    v3_desk.paid()
    v3_desk.paid("order2")
    v3_desk.create("unpaid")
    v3_desk.refund(1, refund_no="used")
    refund_no = "used" if change.get("out_trade_no") == "order2" else "refund1"

    got, said = v3_desk.refund(1, **{"refund_no": refund_no, **change})

    assert (got, said["code"]) == (status, code)


async def test_after_a_year_it_is_too_late(v3_desk: V3Desk):
    v3_desk.paid()
    await v3_desk.schedule.advance(365 * 86_400 + 1)

    assert v3_desk.refund(1)[1]["code"] == "TRADE_OVERDUE"


async def test_a_stuck_refund_is_helped_along(v3_desk: V3Desk):
    v3_desk.paid()
    amount = {"refund": 23, "total": 123, "currency": "CNY"}
    body = {"out_trade_no": "order1", "out_refund_no": "refund1", "notify_url": NOTIFY_URL, "amount": amount}
    case = {"Wechatpay-Negative-Test": "REFUND_ABNORMAL"}
    refund_id = v3_desk.call("POST", REFUNDS, body, headers=case)[1]["refund_id"]
    await settled(v3_desk)
    assert v3_desk.call("GET", f"{REFUNDS}/refund1")[1]["status"] == "ABNORMAL"
    assert v3_desk.trade().refunding_fen == 23

    serial = v3_desk.merchant.text("wechatpay_public_key_id")
    helped = {
        "out_refund_no": "refund1",
        "type": "USER_BANK_CARD",
        "bank_account": v3_desk.merchant.encrypted("6222", serial=serial),
    }
    target = f"{REFUNDS}/{refund_id}/apply-abnormal-refund"
    status, said = v3_desk.call("POST", target, helped, headers={"Wechatpay-Serial": serial})

    assert (status, said["channel"], said["status"]) == (200, "OTHER_BANKCARD", "PROCESSING")
    await settled(v3_desk)
    events = [notice.context["event_type"] for notice in v3_desk.published.notices]
    assert events == ["TRANSACTION.SUCCESS", "REFUND.ABNORMAL", "REFUND.SUCCESS"]
    assert v3_desk.call("POST", target, {k: helped[k] for k in ("out_refund_no", "type")})[0] == 400


@pytest.mark.parametrize(("switch", "word"), [(False, "REFUND"), (True, "SUCCESS")])
async def test_a_failed_refund_gives_its_amount_free(make_v3_desk, switch, word):
    desk = make_v3_desk(refund_ending="closed", refund_closed_is_success=switch)
    desk.paid()
    desk.refund(123)
    await settled(desk)

    assert desk.call("GET", f"{REFUNDS}/refund1")[1]["status"] == "CLOSED"
    assert desk.query()[1]["trade_state"] == word
    assert desk.refund(123, refund_no="refund2")[0] == 200


async def test_a_query_for_no_refund_says_so(v3_desk: V3Desk):
    assert v3_desk.call("GET", f"{REFUNDS}/nobody")[1]["code"] == "RESOURCE_NOT_EXISTS"
