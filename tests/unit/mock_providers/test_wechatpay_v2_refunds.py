"""
Refunds by XML: accepted, recognised, refused, told under encryption; payments by code and their reversal.
"""

import pytest

from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.wechatpay_v2_desk import NOTIFY_URL, fields_of, xml_of

pytestmark = pytest.mark.asyncio

QUERY = "/pay/refundquery"


async def test_a_refund_is_accepted_then_arrives_and_is_told(v2_desk):
    v2_desk.paid()
    answer = v2_desk.refund("23")
    assert (answer["result_code"], answer["refund_fee"], answer["total_fee"], answer["cash_refund_fee"]) == (
        "SUCCESS",
        "23",
        "123",
        "23",
    )
    assert (len(answer["refund_id"]), answer["refund_id"][:2]) == (29, "50")
    assert v2_desk.call(QUERY, {"out_refund_no": "refund-1"})["refund_status_0"] == "PROCESSING"
    assert v2_desk.query()["trade_state"] == "REFUND"
    await v2_desk.later(5)
    told = v2_desk.call(QUERY, {"out_refund_no": "refund-1"})
    assert (told["refund_status_0"], told["refund_success_time_0"]) == ("SUCCESS", "2026-01-02 11:04:08")
    outer = fields_of(v2_desk.rendered().body)
    assert "sign" not in outer
    inner = v2_desk.merchant.opened(outer["req_info"])
    assert (inner["refund_status"], inner["refund_fee"], inner["out_refund_no"]) == ("SUCCESS", "23", "refund-1")


async def test_the_same_refund_again_moves_nothing_and_another_amount_is_refused(v2_desk):
    v2_desk.paid()
    first, again = v2_desk.refund("23"), v2_desk.refund("23")
    assert first["refund_id"] == again["refund_id"]
    assert v2_desk.trade().refunding_fen == 23
    assert v2_desk.refund("24")["err_code"] == "REFUND_FEE_MISMATCH"
    v2_desk.paid("order-2")
    assert v2_desk.refund("23", number="order-2")["err_code"] == "REFUND_FEE_MISMATCH"


@pytest.mark.parametrize(
    ("amount", "change", "code"),
    [
        ("124", {}, "ERROR"),
        ("0", {}, "PARAM_ERROR"),
        ("1", {"total_fee": "124"}, "INVALID_REQUEST"),
        ("1", {"out_trade_no": "nobody-1"}, "ORDERNOTEXIST"),
        ("1", {"out_trade_no": "unpaid-1"}, "ORDERNOTEXIST"),
        ("1", {"out_trade_no": None, "transaction_id": "1"}, "INVALID_TRANSACTIONID"),
        ("1", {"out_trade_no": None}, "LACK_PARAMS"),
        ("1", {"out_refund_no": None}, "LACK_PARAMS"),
    ],
)
async def test_what_cannot_be_refunded(v2_desk, amount, change, code):
    v2_desk.paid()
    v2_desk.order("unpaid-1")
    assert v2_desk.refund(amount, **change)["err_code"] == code
    assert v2_desk.trade().refunds == {}


async def test_parts_add_up_to_the_whole_and_no_further(v2_desk):
    v2_desk.paid()
    v2_desk.refund("100", refund_no="a")
    assert v2_desk.refund("24", refund_no="b")["err_code"] == "ERROR"
    assert v2_desk.refund("23", refund_no="b")["result_code"] == "SUCCESS"
    answer = v2_desk.refund("1", refund_no="c")
    assert (answer["err_code"], answer["err_code_des"]) == ("ERROR", "订单已全额退款")


async def test_a_year_later_it_is_too_late(v2_desk):
    v2_desk.paid()
    await v2_desk.later(366 * 86_400)
    assert v2_desk.refund("1")["err_code"] == "TRADE_OVERDUE"


async def test_a_list_of_refunds_comes_ten_at_a_time(v2_desk):
    v2_desk.paid()
    for number in range(12):
        assert v2_desk.refund("1", refund_no=f"part-{number}")["result_code"] == "SUCCESS"
    first = v2_desk.call(QUERY, {"out_trade_no": "order-1"})
    assert (first["total_refund_count"], first["refund_count"], first["out_refund_no_9"]) == ("12", "10", "part-9")
    rest = v2_desk.call(QUERY, {"out_trade_no": "order-1", "offset": "10"})
    assert (rest["refund_count"], rest["out_refund_no_0"]) == ("2", "part-10")
    assert v2_desk.call(QUERY, {"out_trade_no": "order-1", "offset": "12"})["err_code"] == "PARAM_ERROR"


async def test_the_more_exact_number_wins(v2_desk):
    v2_desk.paid()
    refund_id = v2_desk.refund("1", refund_no="a")["refund_id"]
    v2_desk.refund("2", refund_no="b")
    asked = {"refund_id": refund_id, "out_refund_no": "b", "out_trade_no": "nobody-1"}
    assert v2_desk.call(QUERY, asked)["out_refund_no_0"] == "a"
    assert v2_desk.call(QUERY, {**asked, "refund_id": None})["out_refund_no_0"] == "b"
    call = v2_desk.read(QUERY, {"refund_id": refund_id})
    assert (call.order, call.label) == ("order-1", "pp000001")
    for unknown in ({"refund_id": "1"}, {"out_refund_no": "zzz"}, {"out_trade_no": "nobody-1"}):
        assert v2_desk.call(QUERY, unknown)["err_code"] == "REFUNDNOTEXIST"


@pytest.mark.parametrize(("ending", "status"), [("abnormal", "CHANGE"), ("closed", "REFUNDCLOSE")])
async def test_refunds_that_do_not_arrive_have_their_own_words(make_v2_desk, ending, status):
    desk = make_v2_desk(refund_ending=ending)
    desk.paid()
    desk.refund("23")
    await desk.later(5)
    assert desk.call(QUERY, {"out_refund_no": "refund-1"})["refund_status_0"] == status
    inner = desk.merchant.opened(fields_of(desk.rendered().body)["req_info"])
    assert inner["refund_status"] == status
    assert "success_time" not in inner


async def test_a_portals_address_is_told_in_xml(make_v2_desk):
    desk = make_v2_desk(refund_notify_url=NOTIFY_URL + "/portal")
    desk.paid()
    desk.refund("23", notify_url=None)
    await desk.later(5)
    assert (desk.notice.event, desk.notice.url) == ("refund", NOTIFY_URL + "/portal")


async def test_a_payment_by_code_is_there_at_once_and_told_nobody(v2_desk):
    answer = v2_desk.micropay(attach="till 3")
    assert (answer["result_code"], answer["trade_type"], answer["total_fee"], answer["attach"]) == (
        "SUCCESS",
        "MICROPAY",
        "123",
        "till 3",
    )
    assert "trade_state" not in answer
    assert v2_desk.query()["trade_state"] == "SUCCESS"
    assert v2_desk.published.notices == []
    assert v2_desk.micropay(attach="till 3")["err_code"] == "ORDERPAID"


@pytest.mark.parametrize(
    ("ending", "code", "state", "then"),
    [
        ("9990", "USERPAYING", "USERPAYING", "SUCCESS"),
        ("9991", "USERPAYING", "USERPAYING", "PAYERROR"),
        ("9992", "TRADE_ERROR", "PAYERROR", "PAYERROR"),
        ("9993", "NOTENOUGH", "NOTPAY", "NOTPAY"),
        ("9996", "BANKERROR", "SUCCESS", "SUCCESS"),
        ("9997", "SYSTEMERROR", "SUCCESS", "SUCCESS"),
        ("9998", "NOTSUPORTCARD", "NOTPAY", "NOTPAY"),
        ("9999", "BUYER_MISMATCH", "NOTPAY", "NOTPAY"),
    ],
)
async def test_a_shown_code_chooses_what_happens(v2_desk, ending, code, state, then):
    assert v2_desk.micropay(auth_code=f"13000000000000{ending}")["err_code"] == code
    assert v2_desk.query()["trade_state"] == state
    await v2_desk.later(11)
    assert v2_desk.query()["trade_state"] == then


@pytest.mark.parametrize(
    ("auth_code", "code"),
    [
        ("130000000000009994", "AUTHCODEEXPIRE"),
        ("130000000000009995", "AUTH_CODE_ERROR"),
        ("990000000000000000", "AUTH_CODE_INVALID"),
        ("12", "AUTH_CODE_INVALID"),
    ],
)
async def test_a_code_that_is_none_leaves_no_order(v2_desk, auth_code, code):
    assert v2_desk.micropay(auth_code=auth_code)["err_code"] == code
    assert v2_desk.query()["err_code"] == "ORDERNOTEXIST"


async def test_a_large_amount_asks_for_the_password_and_the_cashier_can_give_it(v2_desk):
    assert v2_desk.micropay(total_fee="100001")["err_code"] == "USERPAYING"
    assert v2_desk.micropay(total_fee="100001")["err_code"] == "USERPAYING"
    v2_desk.v3.buyer("pay", "order-1")
    assert v2_desk.query()["trade_state"] == "SUCCESS"
    await v2_desk.later(11)
    assert v2_desk.query()["trade_state"] == "SUCCESS"


async def test_a_reversed_payment_goes_back_and_stays_reversed(v2_desk):
    v2_desk.micropay()
    for _ in range(2):
        answer = v2_desk.reverse()
        assert (answer["result_code"], answer["recall"]) == ("SUCCESS", "N")
    assert v2_desk.trade().refunded_fen == 123
    assert v2_desk.query()["trade_state"] == "REVOKED"
    assert v2_desk.micropay()["err_code"] == "ORDERREVERSED"


async def test_an_unpaid_one_is_closed_by_reversal(v2_desk):
    v2_desk.micropay(auth_code="130000000000009993")
    assert v2_desk.reverse()["result_code"] == "SUCCESS"
    assert (v2_desk.query()["trade_state"], v2_desk.trade().refunded_fen) == ("REVOKED", 0)


async def test_what_cannot_be_reversed(v2_desk):
    v2_desk.micropay(auth_code="130000000000009990")
    refused = v2_desk.reverse()
    assert (refused["err_code"], refused["recall"]) == ("USERPAYING", "Y")
    v2_desk.paid("order-2")
    assert v2_desk.reverse("order-2")["err_code"] == "TRADE_ERROR"
    assert v2_desk.reverse("nobody-1")["err_code"] == "ORDERNOTEXIST"
    v2_desk.micropay("order-3")
    v2_desk.refund("1", number="order-3")
    assert v2_desk.reverse("order-3")["err_code"] == "TRADE_ERROR"
    v2_desk.micropay("order-4")
    await v2_desk.later(8 * 86_400)
    assert v2_desk.reverse("order-4")["err_code"] == "REVERSE_EXPIRE"


async def test_a_certificate_is_demanded_where_the_switch_says_so(v2_desk, make_v2_desk):
    path, fields = (
        "/secapi/pay/refund",
        {"out_trade_no": "order-1", "out_refund_no": "r", "total_fee": "123", "refund_fee": "1"},
    )

    def answered(desk, **tls):
        desk.paid()
        request = desk.merchant.signed(desk.merchant.fields(fields))
        raw = RawRequest("POST", path, (), xml_of(request), **tls)
        return fields_of(desk.provider.read(raw).perform().body)["return_code"]

    assert answered(v2_desk) == "SUCCESS"
    assert answered(make_v2_desk(), secure=True) == "FAIL"
    assert answered(make_v2_desk(), secure=True, certificate=b"der") == "SUCCESS"
    assert answered(make_v2_desk(client_certificate="always")) == "FAIL"
    assert answered(make_v2_desk(client_certificate="never"), secure=True) == "SUCCESS"
