"""
Transfers, batches of them, and orders that are paid together.
"""

import pytest

from mock_providers.core.books.payouts import PayoutState
from tests.unit.mock_providers.wechatpay_v3_desk import NOTIFY_URL, OPENID, V3Desk

pytestmark = pytest.mark.asyncio

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
BATCHES = "/v3/transfer/batches"
COMBINE = "/v3/combine-transactions"


def bill(desk: V3Desk, number: str = "bill1", **changes: object) -> dict[str, object]:
    body = {
        "appid": desk.merchant.app_id,
        "out_bill_no": number,
        "transfer_scene_id": "1000",
        "openid": OPENID,
        "transfer_amount": 100,
        "transfer_remark": "red packet pp000003",
        "notify_url": NOTIFY_URL,
    }
    return {name: one for name, one in {**body, **changes}.items() if one is not None}


async def test_a_transfer_waits_for_its_payee_and_then_arrives(v3_desk: V3Desk):
    status, said = v3_desk.call("POST", BILLS, bill(v3_desk))

    assert (status, said["state"]) == (200, "WAIT_USER_CONFIRM")
    assert said["package_info"]
    await v3_desk.schedule.advance(3)
    for target in (f"{BILLS}/out-bill-no/bill1", f"{BILLS}/transfer-bill-no/{said['transfer_bill_no']}"):
        after = v3_desk.call("GET", target)[1]
        assert (after["state"], after["transfer_amount"]) == ("SUCCESS", 100)
    resource = v3_desk.merchant.opened(v3_desk.notify())
    assert (resource["state"], resource["mch_id"]) == ("SUCCESS", v3_desk.merchant.mchid)
    assert v3_desk.published.notices[-1].context["event_type"] == "MCHTRANSFER.BILL.FINISHED"
    assert v3_desk.published.notices[-1].label == "pp000003"


async def test_an_unconfirmed_transfer_fails_after_a_day(make_v3_desk):
    desk = make_v3_desk(transfer_confirm_s=None)
    desk.call("POST", BILLS, bill(desk))
    await desk.schedule.advance(86_400)

    said = desk.call("GET", f"{BILLS}/out-bill-no/bill1")[1]

    assert (said["state"], said["fail_reason"]) == ("FAIL", "OVERDUE_CLOSE")


async def test_a_transfer_is_taken_back_before_it_arrives_and_not_after(v3_desk: V3Desk):
    v3_desk.call("POST", BILLS, bill(v3_desk))
    v3_desk.call("POST", BILLS, bill(v3_desk, "bill2"))
    target = f"{BILLS}/out-bill-no/{{}}/cancel"

    assert v3_desk.call("POST", target.format("bill1"))[1]["state"] == "CANCELLED"
    await v3_desk.schedule.advance(3)

    assert v3_desk.call("POST", target.format("bill2"))[0] == 400
    states = [one.state for one in v3_desk.book.payouts]
    assert states == [PayoutState.FAILED, PayoutState.SUCCEEDED]


async def test_the_same_transfer_again_moves_nothing(v3_desk: V3Desk):
    first = v3_desk.call("POST", BILLS, bill(v3_desk))

    assert v3_desk.call("POST", BILLS, bill(v3_desk)) == first
    assert v3_desk.call("POST", BILLS, bill(v3_desk, transfer_amount=101))[1]["code"] == "ALREADY_EXISTS"
    assert len(list(v3_desk.book.payouts)) == 1


@pytest.mark.parametrize(
    ("fen", "named", "status"),
    [
        (29, True, 400),
        (29, False, 200),
        (30, True, 200),
        (199_999, False, 200),
        (200_000, False, 400),
        (200_000, True, 200),
    ],
)
async def test_the_name_is_wanted_by_amount(v3_desk: V3Desk, fen, named, status):
    serial = v3_desk.merchant.text("wechatpay_certificate_serial_no")
    name = v3_desk.merchant.encrypted("张三", serial=serial) if named else None
    body = bill(v3_desk, transfer_amount=fen, user_name=name)

    assert v3_desk.call("POST", BILLS, body, headers={"Wechatpay-Serial": serial})[0] == status


@pytest.mark.parametrize(
    ("serial", "told"), [(None, "缺少平台证书序列号"), ("AB" * 20, "Wechatpay-Serial错误"), ("other", "无法解密")]
)
async def test_a_name_that_cannot_be_opened_is_refused(v3_desk: V3Desk, serial, told):
    known = v3_desk.merchant.text("wechatpay_certificate_serial_no")
    body = bill(v3_desk, user_name=v3_desk.merchant.encrypted("张三", serial=known))
    named = v3_desk.merchant.text("wechatpay_public_key_id") if serial == "other" else serial

    status, said = v3_desk.call("POST", BILLS, body, headers={"Wechatpay-Serial": named})

    assert (status, said["code"]) == (400, "PARAM_ERROR")
    assert told in said["message"]


def batch(desk: V3Desk, **changes: object) -> dict[str, object]:
    details = [
        {"out_detail_no": f"d{place}", "transfer_amount": 50 + place, "transfer_remark": "x", "openid": OPENID}
        for place in range(3)
    ]
    body = {"appid": desk.merchant.app_id, "out_batch_no": "batch1", "batch_name": "n", "batch_remark": "r"}
    return {
        **body,
        "total_amount": 153,
        "total_num": 3,
        "transfer_detail_list": details,
        "notify_url": NOTIFY_URL,
        **changes,
    }


async def test_a_batch_is_accepted_and_finished(v3_desk: V3Desk):
    status, said = v3_desk.call("POST", BATCHES, batch(v3_desk))
    assert (status, said["batch_status"]) == (200, "ACCEPTED")
    await v3_desk.schedule.advance(3)

    for path in ("out-batch-no/batch1", f"batch-id/{said['batch_id']}"):
        query = "?need_query_detail=true&offset=1&limit=5&detail_status=SUCCESS"
        after = v3_desk.call("GET", f"{BATCHES}/{path}{query}")[1]
        assert after["transfer_batch"]["batch_status"] == "FINISHED"
        assert after["transfer_batch"]["success_amount"] == 153
        assert [one["out_detail_no"] for one in after["transfer_detail_list"]] == ["d1", "d2"]
    detail_id = after["transfer_detail_list"][0]["detail_id"]
    one = v3_desk.call("GET", f"{BATCHES}/batch-id/{said['batch_id']}/details/detail-id/{detail_id}")[1]
    other = v3_desk.call("GET", f"{BATCHES}/out-batch-no/batch1/details/out-detail-no/d1")[1]
    assert one == other
    assert one["detail_status"] == "SUCCESS"
    assert v3_desk.merchant.opened(v3_desk.notify())["batch_status"] == "FINISHED"


async def test_a_payees_name_comes_back_for_the_merchants_eyes(v3_desk: V3Desk):
    merchant = v3_desk.merchant
    serial = {"Wechatpay-Serial": merchant.text("wechatpay_public_key_id")}
    sealed = merchant.encrypted("张三", serial=serial["Wechatpay-Serial"])
    body = batch(v3_desk)
    details = body["transfer_detail_list"]
    assert isinstance(details, list)
    details[1]["user_name"] = sealed
    assert v3_desk.call("POST", BATCHES, body, headers=serial)[0] == 200
    assert v3_desk.call("POST", BILLS, bill(v3_desk, user_name=sealed), headers=serial)[0] == 200

    told = [v3_desk.call("GET", f"{BATCHES}/out-batch-no/batch1/details/out-detail-no/d{one}")[1] for one in range(3)]
    bill_told = v3_desk.call("GET", f"{BILLS}/out-bill-no/{bill(v3_desk)['out_bill_no']}")[1]

    assert ["user_name" in one for one in told] == [False, True, False]
    assert [merchant.decrypt_field(one["user_name"]) for one in (told[1], bill_told)] == ["张三"] * 2


@pytest.mark.parametrize("change", [{"total_amount": 152}, {"total_num": 2}])
async def test_a_batch_that_does_not_add_up_is_refused(v3_desk: V3Desk, change):
    assert v3_desk.call("POST", BATCHES, batch(v3_desk, **change))[0] == 400
    assert list(v3_desk.book.payouts) == []


def combined(desk: V3Desk, **changes: object) -> dict[str, object]:
    subs = [
        {
            "mchid": desk.merchant.mchid,
            "attach": f"part {place}",
            "amount": {"total_amount": 100 + place, "currency": "CNY"},
            "out_trade_no": f"sub-{place}-0",
            "description": "tip pp000004",
        }
        for place in range(3)
    ]
    body = {"combine_appid": desk.merchant.app_id, "combine_mchid": desk.merchant.mchid}
    return {**body, "combine_out_trade_no": "whole1", "sub_orders": subs, "notify_url": NOTIFY_URL, **changes}


async def test_one_payment_pays_every_sub_order_and_is_told_once(v3_desk: V3Desk):
    status, said = v3_desk.call("POST", f"{COMBINE}/native", combined(v3_desk))
    assert status == 200
    trade = v3_desk.provider.cashier_link(said["code_url"])
    assert trade is not None
    v3_desk.control.act(trade, "pay")

    told = v3_desk.call("GET", f"{COMBINE}/out-trade-no/whole1")[1]

    assert [one["trade_state"] for one in told["sub_orders"]] == ["SUCCESS"] * 3
    assert [one["amount"]["payer_amount"] for one in told["sub_orders"]] == [100, 101, 102]
    assert len(v3_desk.published.notices) == 1
    assert v3_desk.merchant.opened(v3_desk.notify()) == told
    assert v3_desk.published.notices[0].label == "pp000004"
    refund = v3_desk.refund(1, number="sub-1-0", amount={"refund": 1, "total": 101, "currency": "CNY"})
    assert refund[0] == 200


async def test_a_combined_order_is_closed_when_every_part_is_named(v3_desk: V3Desk):
    v3_desk.call("POST", f"{COMBINE}/app", combined(v3_desk))
    named = [{"mchid": v3_desk.merchant.mchid, "out_trade_no": f"sub-{place}-0"} for place in range(3)]
    target, body = f"{COMBINE}/out-trade-no/whole1/close", {"combine_appid": v3_desk.merchant.app_id}

    assert v3_desk.call("POST", target, {**body, "sub_orders": named[:2]})[0] == 400
    assert v3_desk.call("POST", target, {**body, "sub_orders": named}) == (204, None)

    told = v3_desk.call("GET", f"{COMBINE}/out-trade-no/whole1")[1]
    assert [one["trade_state"] for one in told["sub_orders"]] == ["CLOSED"] * 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"combine_mchid": "1900000109"}, "PARAM_ERROR"),
        ({"combine_appid": "wx0123456789abcdef"}, "APPID_MCHID_NOT_MATCH"),
        ({"sub_orders": []}, "PARAM_ERROR"),
        ({"time_expire": "soon"}, "PARAM_ERROR"),
    ],
)
async def test_a_combined_order_that_cannot_be_is_refused(v3_desk: V3Desk, change, code):
    assert v3_desk.call("POST", f"{COMBINE}/native", combined(v3_desk, **change))[1]["code"] == code
    assert v3_desk.book.page(after=0, limit=1, provider=None, now=v3_desk.schedule.now())[0] == []


async def test_a_combined_order_again_is_recognised(v3_desk: V3Desk):
    first = v3_desk.call("POST", f"{COMBINE}/native", combined(v3_desk))

    assert v3_desk.call("POST", f"{COMBINE}/native", combined(v3_desk)) == first
    assert v3_desk.call("POST", f"{COMBINE}/app", combined(v3_desk))[1]["code"] == "OUT_TRADE_NO_USED"
    other = combined(v3_desk, combine_out_trade_no="whole2")
    assert v3_desk.call("POST", f"{COMBINE}/native", other)[1]["code"] == "OUT_TRADE_NO_USED"
