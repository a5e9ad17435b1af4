"""
Transfers: a number is one movement of money, the result may come later, and each payee who cannot be paid has a reason.
"""

import json
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio

from mock_providers.alipay.transfers import strange_payees
from mock_providers.core.plans import AnswerShape, Kind, PlannedDelivery
from tests.unit.mock_providers.alipay_desk import Desk, post
from tests.unit.mock_providers.desks import T0

pytestmark = pytest.mark.asyncio

TRANSFER, QUERY = "alipay.fund.trans.uni.transfer", "alipay.fund.trans.common.query"
GATEWAY_URL = "http://127.0.0.1:9/app-gateway"


def business(**more) -> dict:
    return {
        "out_biz_no": "b1",
        "trans_amount": "8.88",
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "payee_info": {"identity": "2088000000000009", "identity_type": "ALIPAY_USER_ID", "name": None},
        "order_title": "red packet pp000001",
        **more,
    }


def payee(identity: str, kind: str = "ALIPAY_USER_ID", name: str | None = None) -> dict:
    return {"identity": identity, "identity_type": kind, "name": name}


@pytest_asyncio.fixture
async def bank(credentials_dir):
    """
    A desk where transfers need no certificate and results are told.
    """
    desk = Desk(credentials_dir, payout_needs_certificate=False, app_gateway_url=GATEWAY_URL)
    yield desk
    await desk.schedule.stop()


async def test_the_public_key_mode_pays_nothing_out(desk):
    assert desk.call(TRANSFER, business())["sub_code"] == "isv.missing-app-cert-sn"
    assert list(desk.book.payouts) == []


async def test_a_transfer_moves_money_once_and_its_repeat_tells_the_same(bank):
    first = bank.call(TRANSFER, business())
    assert (first["status"], first["out_biz_no"], first["trans_date"]) == ("SUCCESS", "b1", "2026-01-02 11:04:05")
    for name in ("order_id", "pay_fund_order_id"):
        assert (len(first[name]), first[name][:14]) == (32, "20260102110070")
    assert bank.call(TRANSFER, business()) == first
    (payout,) = bank.book.payouts
    assert (payout.amount_fen, payout.label) == (888, "pp000001")


@pytest.mark.parametrize(
    "change",
    [{"trans_amount": "8.89"}, {"payee_info": payee("2088000000000008")}, {"biz_scene": "PERSONAL_COLLECTION"}],
)
async def test_the_number_with_other_data_is_refused(bank, change):
    bank.call(TRANSFER, business())
    assert bank.call(TRANSFER, business(**change))["sub_code"] == "PAYMENT_INFO_INCONSISTENCY"
    assert len(list(bank.book.payouts)) == 1


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"out_biz_no": None}, "INVALID_PARAMETER"),
        ({"trans_amount": "x"}, "INVALID_PARAMETER"),
        ({"product_code": "GIFT"}, "INVALID_PARAMETER"),
        ({"biz_scene": ""}, "INVALID_PARAMETER"),
        ({"payee_info": None}, "INVALID_PARAMETER"),
        ({"payee_info": "{"}, "INVALID_PARAMETER"),
        ({"payee_info": payee("a@b.example", "ALIPAY_LOGON_ID")}, "INVALID_PARAMETER"),
        ({"payee_info": payee("x", "PIGEON")}, "INVALID_PARAMETER"),
        ({"trans_amount": "0.09"}, "EXCEED_LIMIT_SM_MIN_AMOUNT"),
        ({"trans_amount": "0.09", "product_code": "STD_RED_PACKET"}, None),
        ({"trans_amount": "100000000.01"}, "EXCEED_LIMIT_SM_AMOUNT"),
        ({"trans_amount": "50000"}, "MEMO_REQUIRED_IN_TRANSFER_ERROR"),
        ({"trans_amount": "50000", "remark": "wages"}, None),
        ({"remark": "违禁词"}, "REMARK_HAS_SENSITIVE_WORD"),
        ({"transfer_scene_name": "佣金报酬"}, None),
        ({"transfer_scene_name": "喝酒"}, "TRANSFER_SCENE_NAME_ILLEGAL"),
        (
            {"transfer_scene_name": "佣金报酬", "transfer_scene_report_infos": [{}]},
            "TRANSFER_SCENE_REPORT_INFO_ILLEGAL",
        ),
    ],
)
async def test_each_rule_has_its_code(bank, change, sub_code):
    assert bank.call(TRANSFER, business(**change)).get("sub_code") == sub_code
    assert len(list(bank.book.payouts)) == (sub_code is None)


async def test_without_a_contract_nothing_is_paid_out(credentials_dir):
    unsigned = frozenset({"payout"})
    desk = Desk(credentials_dir, payout_needs_certificate=False, products_not_signed=unsigned)
    assert desk.call(TRANSFER, business())["sub_code"] == "PRODUCT_NOT_SIGN"
    await desk.schedule.stop()


async def test_payer_and_payee_differ(bank):
    answer = bank.call(TRANSFER, business(payee_info=payee(bank.provider.merchants[0])))
    assert answer["sub_code"] == "PAYER_PAYEE_CANNOT_SAME"


@pytest.mark.parametrize("identity", sorted(strange_payees()))
async def test_each_strange_payee_meets_the_fate_in_the_table(bank, identity):
    fate = strange_payees()[identity]
    answer = bank.call(TRANSFER, business(payee_info=payee(identity, "ALIPAY_LOGON_ID", "张三")))
    if not fate.startswith("then "):
        assert answer["sub_code"] == fate
        return
    assert answer["status"] == "DEALING"
    await bank.schedule.advance(10)
    assert bank.call(QUERY, {"out_biz_no": "b1"})["status"] == fate.removeprefix("then ")


async def test_more_than_there_is_cannot_be_sent(credentials_dir):
    desk = Desk(credentials_dir, payout_needs_certificate=False, balance_fen=1000, payout_needs_scene=True)
    assert desk.call(TRANSFER, business())["sub_code"] == "TRANSFER_SCENE_NAME_BLANK"
    named = {"transfer_scene_name": "业务结算"}
    assert desk.call(TRANSFER, business(**named))["status"] == "SUCCESS"
    assert desk.call(TRANSFER, business(out_biz_no="b2", **named))["sub_code"] == "PAYER_BALANCE_NOT_ENOUGH"
    desk.paid(total="8.00")
    assert desk.call(TRANSFER, business(out_biz_no="b2", **named))["status"] == "SUCCESS"
    await desk.schedule.stop()


@pytest.mark.parametrize(("work", "end"), [(True, "SUCCESS"), (False, "REFUND")])
async def test_a_transfer_can_be_dealt_with_first_and_end_either_way(bank, work, end):
    call = bank.read(post(bank.merchant.signed(TRANSFER, business())))
    reply = call.perform(AnswerShape(refuse="in_process", work=work))
    assert bank.merchant.opened(reply.body, "alipay_fund_trans_uni_transfer_response")["status"] == "DEALING"
    assert bank.call(QUERY, {"out_biz_no": "b1"})["status"] == "DEALING"
    assert bank.published.notices == []
    await bank.schedule.advance(10)
    answer = bank.call(QUERY, {"out_biz_no": "b1"})
    assert answer["status"] == end
    assert ("error_code" in answer) is (not work)
    (notice,) = bank.published.notices
    assert json.loads(notice.fields["biz_content"])["status"] == end


@pytest.mark.parametrize("name", ["out_biz_no", "order_id", "pay_fund_order_id"])
async def test_a_transfer_is_found_by_each_of_its_numbers(bank, name):
    made = bank.call(TRANSFER, business())
    answer = bank.call(QUERY, {name: made[name]})
    assert answer.items() >= {
        "status": "SUCCESS", "trans_amount": "8.88", "pay_date": "2026-01-02 11:04:05", "order_id": made["order_id"],
        "order_fee": "0.00", "out_biz_no": "b1",
    }.items()  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "sub_code"),
    [
        ({}, "INVALID_PARAMETER"),
        ({"out_biz_no": "b9"}, "ORDER_NOT_EXIST"),
        ({"order_id": "9"}, "ORDER_NOT_EXIST"),
        ({"out_biz_no": "b1", "product_code": "STD_RED_PACKET"}, "ORDER_NOT_EXIST"),
        ({"out_biz_no": "b1", "product_code": "TRANS_ACCOUNT_NO_PWD"}, None),
    ],
)
async def test_a_query_finds_this_transfer_or_none(bank, fields, sub_code):
    bank.call(TRANSFER, business())
    assert bank.call(QUERY, fields).get("sub_code") == sub_code


async def test_the_application_gateway_is_told_in_a_signed_message(bank):
    made = bank.call(TRANSFER, business())
    (notice,) = bank.published.notices
    assert (notice.url, notice.event, notice.label) == (GATEWAY_URL, "payout", "pp000001")
    outgoing = bank.provider.render(notice, PlannedDelivery(Kind.TRUE), stamp_at=T0)
    fields = dict(parse_qsl(outgoing.body.decode("ascii"), keep_blank_values=True))
    assert fields.items() >= {
        "msg_method": "alipay.fund.trans.order.changed", "version": "1.1", "charset": "utf-8",
        "app_id": bank.merchant.app_id, "utc_timestamp": "1767323045678",
    }.items()  # fmt: skip
    assert json.loads(fields["biz_content"])["order_id"] == made["order_id"]
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in {"sign", "sign_type"})
    bank.merchant.verify(text.encode(), fields["sign"])


async def test_system_error_after_the_work_leaves_the_money_moved(bank):
    call = bank.read(post(bank.merchant.signed(TRANSFER, business())))
    reply = call.perform(AnswerShape(refuse="system_error", work=True))
    answer = bank.merchant.opened(reply.body, "alipay_fund_trans_uni_transfer_response")
    assert (call.order, answer["code"], answer["sub_code"]) == ("b1", "40004", "SYSTEM_ERROR")
    assert bank.call(QUERY, {"out_biz_no": "b1"})["status"] == "SUCCESS"
