"""
Barcodes and mini programs: who pays at once, who has to type, who cannot, and what a number is worth a second time.
"""

import pytest

from mock_providers.alipay.pay import strange_buyers
from mock_providers.core.plans import AnswerShape
from tests.unit.mock_providers.alipay_desk import NOTIFY_URL, Desk, post

pytestmark = pytest.mark.asyncio

BARCODE = "280000000000000001"
ZEROS = {"buyer_pay_amount": "0.00", "invoice_amount": "0.00", "point_amount": "0.00", "receipt_amount": "0.00"}


def pay(desk: Desk, order: str = "o1", **more) -> dict:
    business = {
        "out_trade_no": order,
        "total_amount": "1.23",
        "subject": "tip pp000001",
        "auth_code": BARCODE,
        "scene": "bar_code",
        **more,
    }
    return desk.call("alipay.trade.pay", business, notify_url=NOTIFY_URL)


def create(desk: Desk, order: str = "o1", **more) -> dict:
    business = {"out_trade_no": order, "total_amount": "1.23", "subject": "tip", "buyer_id": "2088000000000001", **more}
    return desk.call("alipay.trade.create", business, notify_url=NOTIFY_URL)


async def test_a_barcode_pays_at_once_and_is_told(desk):
    answer = pay(desk)
    assert (answer["code"], answer["msg"]) == ("10000", "Success")
    assert {answer[name] for name in ("total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount")} == {
        "1.23"
    }
    assert answer["gmt_payment"] == "2026-01-02 11:04:05"
    assert answer["fund_bill_list"] == [{"amount": "1.23", "fund_channel": "ALIPAYACCOUNT"}]
    assert "trade_status" not in answer
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"
    assert [notice.event for notice in desk.published.notices] == ["payment"]


@pytest.mark.parametrize(
    "fields", [{"total_amount": "1000.01"}, {"auth_code": "289900000000000001"}], ids=["dear", "careful"]
)
async def test_a_buyer_who_has_to_type_leaves_the_trade_waiting(desk, fields):
    answer = pay(desk, **fields)
    assert (answer["code"], answer["msg"]) == ("10003", " order success pay inprocess")
    assert answer.items() >= ZEROS.items()
    assert "gmt_payment" not in answer
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"
    desk.buyer("pay")
    assert desk.query()["trade_no"] == answer["trade_no"]
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"


async def test_a_barcode_works_once(desk):
    pay(desk)
    again = pay(desk, "o2")
    assert again["sub_code"] == "ACQ.PAYMENT_AUTH_CODE_INVALID"
    assert again["sub_msg"].endswith("[SOUNDWAVE_PARSER_FAIL]")
    assert desk.query("o2")["sub_code"] == "ACQ.TRADE_NOT_EXIST"


async def test_a_barcode_is_fresh_again_in_an_empty_book(desk):
    pay(desk)
    desk.book.clear()
    assert pay(desk)["code"] == "10000"


@pytest.mark.parametrize(
    ("barcode", "works"),
    [
        ("2500000000000000", True), ("300000000000000000000000", True), ("fp" + "0a" * 16 + "b", True),
        ("2400000000000000", False), ("3100000000000000", False), ("250000000000000", False),
        ("3000000000000000000000000", False), ("28000000000000000x", False), ("fp01", False),
    ],
)  # fmt: skip
async def test_the_form_of_a_barcode(desk, barcode, works):
    assert (pay(desk, auth_code=barcode).get("sub_code") != "ACQ.PAYMENT_AUTH_CODE_INVALID") is works


@pytest.mark.parametrize("prefix", sorted(strange_buyers()))
async def test_each_strange_buyer_meets_the_fate_in_the_table(desk, prefix):
    answer = pay(desk, auth_code=f"{prefix}0000000001")
    fate = strange_buyers()[prefix]
    assert (answer["code"] if fate == "password" else answer["sub_code"]) == {"password": "10003"}.get(fate, fate)
    if fate != "password":
        assert answer.items() >= ZEROS.items()
        assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"


@pytest.mark.parametrize(
    ("fields", "sub_code"),
    [
        ({"auth_code": None}, "ACQ.INVALID_PARAMETER"),
        ({"total_amount": "0"}, "ACQ.TOTAL_FEE_EXCEED"),
        ({"scene": "telepathy"}, "ACQ.UN_SUPPORT_TRADE_SCENE"),
        ({"discountable_amount": "1.00", "undiscountable_amount": "0.24"}, "ACQ.AMOUNT_OR_CURRENCY_ERROR"),
        ({"trans_currency": "USD"}, "ACQ.CURRENCY_NOT_SUPPORT"),
        ({"subject": "违禁词 pp1"}, "ACQ.EXIST_FORBIDDEN_WORD"),
        ({"body": "a 违禁词"}, "ACQ.EXIST_FORBIDDEN_WORD"),
        ({"goods_detail": [{"goods_id": "1"}] * 151}, "ACQ.SUB_GOODS_SIZE_MAX_COUNT"),
        ({"goods_detail": "x"}, "ACQ.INVALID_PARAMETER"),
        ({"time_expire": "2026-01-02 11:04:05"}, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"),
    ],
)
async def test_what_is_refused_opens_nothing_and_spends_no_barcode(desk, fields, sub_code):
    assert pay(desk, **fields)["sub_code"] == sub_code
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert pay(desk, "o2")["code"] == "10000"


CONTRACTS = [
    ({"products_not_signed": frozenset({"barcode"})}, {}, "ACQ.ACCESS_FORBIDDEN"),
    ({"products_not_signed": frozenset({"wap"})}, {}, None),
    ({"receipt_max_fen": 122}, {}, "ACQ.BEYOND_PER_RECEIPT_SINGLE_RESTRICTION"),
    ({"receipt_max_fen": 123}, {}, None),
    ({"needs_buyer_ip": True}, {}, "ACQ.RISK_MERCHANT_IP_NOT_EXIST"),
    ({"needs_buyer_ip": True}, {"business_params": {"mc_create_trade_ip": "127.0.0.1"}}, None),
    ({"needs_buyer_ip": True}, {"business_params": '{"mc_create_trade_ip":"127.0.0.1"}'}, None),
    ({"forbidden_words": frozenset({"tip"})}, {}, "ACQ.EXIST_FORBIDDEN_WORD"),
]


@pytest.mark.parametrize(("switches", "fields", "sub_code"), CONTRACTS)
async def test_what_this_merchant_may_not_take(credentials_dir, switches, fields, sub_code):
    desk = Desk(credentials_dir, **switches)
    assert pay(desk, **fields).get("sub_code") == sub_code
    await desk.schedule.stop()


async def test_nobody_pays_themselves(desk):
    assert pay(desk, buyer_id=desk.provider.merchants[0])["sub_code"] == "ACQ.BUYER_SELLER_EQUAL"


async def test_a_fresh_barcode_drives_the_same_trade_again(desk):
    first = pay(desk, total_amount="1000.01")
    again = pay(desk, total_amount="1000.01", auth_code="280000000000000002")
    assert (again["code"], again["trade_no"]) == ("10003", first["trade_no"])


@pytest.mark.parametrize(
    ("fields", "sub_code"),
    [({"total_amount": "1000.02"}, "ACQ.CONTEXT_INCONSISTENT"), ({"subject": "x"}, "ACQ.CONTEXT_INCONSISTENT")],
)
async def test_the_same_number_with_other_data_is_refused(desk, fields, sub_code):
    pay(desk, total_amount="1000.01")
    again = {"total_amount": "1000.01", "auth_code": "280000000000000002", **fields}
    assert pay(desk, **again)["sub_code"] == sub_code


async def test_a_number_that_is_paid_or_closed_is_used_up(desk):
    pay(desk)
    assert pay(desk, auth_code="280000000000000002")["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"
    desk.call("alipay.trade.cancel", {"out_trade_no": "o1"})
    assert pay(desk, auth_code="280000000000000003")["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


@pytest.mark.parametrize(("work", "status"), [(True, "TRADE_SUCCESS"), (False, "WAIT_BUYER_PAY")])
async def test_a_fault_can_say_in_process_whether_or_not_the_money_moves(desk, work, status):
    business = {"out_trade_no": "o1", "total_amount": "1.23", "subject": "tip", "auth_code": BARCODE}
    call = desk.read(post(desk.merchant.signed("alipay.trade.pay", business, notify_url=NOTIFY_URL)))
    reply = call.perform(AnswerShape(refuse="in_process", work=work))
    assert desk.merchant.opened(reply.body, "alipay_trade_pay_response")["code"] == "10003"
    assert desk.query()["trade_status"] == status
    assert len(desk.published.notices) == work


async def test_a_trade_that_is_created_waits_at_once_for_its_buyer(desk):
    answer = create(desk)
    assert answer["trade_no"].startswith("2026010222001")
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"
    assert desk.query()["buyer_user_id"] == "2088000000000001"
    assert create(desk)["trade_no"] == answer["trade_no"]
    desk.buyer("pay")
    assert create(desk)["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"


@pytest.mark.parametrize(
    ("fields", "sub_code"),
    [
        ({"buyer_id": None}, "ACQ.INVALID_PARAMETER"),
        ({"buyer_id": None, "op_buyer_open_id": "x"}, "ACQ.INVALID_PARAMETER"),
        ({"buyer_id": None, "op_buyer_open_id": "x", "op_app_id": "2021"}, None),
        ({"buyer_id": None, "buyer_open_id": "074a1CcTG1LelxKe4xQC0zg"}, None),
    ],
)
async def test_create_wants_to_know_its_buyer(desk, fields, sub_code):
    assert create(desk, **fields).get("sub_code") == sub_code


async def test_another_buyer_is_refused(desk):
    create(desk)
    assert create(desk, buyer_id="2088000000000002")["sub_code"] == "ACQ.TRADE_BUYER_NOT_MATCH"


async def test_an_open_id_is_told_instead_of_the_number(desk):
    create(desk, buyer_id=None, buyer_open_id="open1")
    answer = desk.query()
    assert (answer["buyer_open_id"], "buyer_user_id" in answer) == ("open1", False)


@pytest.mark.parametrize(("product", "days"), [("JSAPI_PAY", 15), ("FACE_TO_FACE_PAYMENT", 3 / 24)])
async def test_a_created_trade_lives_as_long_as_its_product_says(desk, product, days):
    create(desk, product_code=product)
    await desk.schedule.advance(days * 86_400 - 1)
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"
    await desk.schedule.advance(2)
    assert desk.query()["trade_status"] == "TRADE_CLOSED"
