"""
Answers with other seals than the true one, and refunds under policies that are not the usual ones.
"""

import json
from dataclasses import fields

import pytest
from cryptography.exceptions import InvalidSignature

from mock_providers.alipay.policy import Policy, policy_of
from mock_providers.core.plans import AnswerShape, Seal
from mock_providers.settings import ProvidersSettings, switches_of
from tests.unit.mock_providers.alipay_desk import Desk, post

pytestmark = pytest.mark.asyncio

QUERY = "alipay.trade.query"
KEY = "alipay_trade_query_response"


def body(desk: Desk, seal: Seal) -> bytes:
    call = desk.read(post(desk.merchant.signed(QUERY, {"out_trade_no": "o1"})))
    return call.perform(AnswerShape(seal=seal)).body


@pytest.mark.parametrize("seal", [Seal.DAMAGED, Seal.FOREIGN])
async def test_a_bad_seal_is_over_the_true_answer(desk, seal):
    desk.paid()
    true, bad = (json.loads(body(desk, one)) for one in (Seal.TRUE, seal))
    assert (true[KEY], true["sign"] == bad["sign"]) == (bad[KEY], False)
    with pytest.raises(InvalidSignature):
        desk.merchant.opened(body(desk, seal), KEY)


async def test_without_a_seal_the_answer_stands_alone(desk):
    desk.paid()
    assert list(json.loads(body(desk, Seal.NONE))) == [KEY]


async def test_a_refund_can_be_on_its_way_and_arrive(credentials_dir):
    desk = Desk(credentials_dir, refund_settles_s=30)
    desk.paid()
    assert desk.refund("1.23", request_no="r1")["fund_change"] == "N"
    assert desk.refund("0.01", request_no="r2")["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    assert desk.refund("1.23", request_no="r1")["fund_change"] == "N"
    assert desk.query()["trade_status"] == "TRADE_SUCCESS"
    await desk.schedule.advance(30)
    assert desk.query()["trade_status"] == "TRADE_CLOSED"
    notice = desk.published.notices[-1]
    assert (notice.fields["refund_fee"], notice.fields["gmt_refund"]) == ("1.23", "2026-01-02 11:04:35.678")
    await desk.schedule.stop()


async def test_refunds_can_be_kept_apart(credentials_dir):
    desk = Desk(credentials_dir, refund_spacing_s=3)
    desk.paid()
    assert desk.refund("0.10", request_no="r1")["fund_change"] == "Y"
    assert desk.refund("0.10", request_no="r2")["sub_code"] == "ACQ.SYSTEM_ERROR"
    await desk.schedule.advance(3)
    assert desk.refund("0.10", request_no="r2")["fund_change"] == "Y"
    await desk.schedule.stop()


@pytest.mark.parametrize(
    ("switches", "amount", "sub_code"),
    [
        ({"refunds_whole_only": True}, "0.50", "ACQ.NOT_ALLOW_PARTIAL_REFUND"),
        ({"refunds_whole_only": True}, "1.23", None),
        ({"balance_fen": 0, "fee_basis_points": 100}, "1.23", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        ({"balance_fen": 1, "fee_basis_points": 100}, "1.23", None),
        ({"balance_fen": 0}, "1.23", None),
    ],
)
async def test_each_policy_has_its_code(credentials_dir, switches, amount, sub_code):
    desk = Desk(credentials_dir, **switches)
    desk.paid()
    assert desk.refund(amount, request_no="r1").get("sub_code") == sub_code
    assert desk.trade().refunded_fen == (0 if sub_code else round(float(amount) * 100))
    await desk.schedule.stop()


async def test_a_refund_in_another_currency_is_refused(desk):
    desk.paid()
    business = {"out_trade_no": "o1", "refund_amount": "0.10", "out_request_no": "r1"}
    assert (
        desk.call("alipay.trade.refund", business | {"refund_currency": "USD"})["sub_code"]
        == "ACQ.CURRENCY_NOT_SUPPORT"
    )
    assert desk.call("alipay.trade.refund", business | {"refund_currency": "CNY"})["fund_change"] == "Y"


async def test_details_come_when_they_are_asked_for(desk):
    desk.paid()
    business = {"out_trade_no": "o1", "refund_amount": "0.10", "out_request_no": "r1"}
    plain = desk.call("alipay.trade.refund", business)
    assert "refund_detail_item_list" not in plain
    asked = {
        "out_trade_no": "o1",
        "out_request_no": "r1",
        "query_options": ["refund_detail_item_list", "deposit_back_info"],
    }
    told = desk.call("alipay.trade.fastpay.refund.query", asked)
    assert told["refund_detail_item_list"] == [{"amount": "0.10", "fund_channel": "ALIPAYACCOUNT"}]
    assert told["deposit_back_info"] == {"has_deposit_back": "false"}


async def test_two_applications_see_their_own_trades_only(credentials_dir, tmp_path):
    home = tmp_path / "c"
    home.mkdir()
    for path in credentials_dir.rglob("*"):
        if path.is_file():
            copy = home / path.relative_to(credentials_dir)
            copy.parent.mkdir(exist_ok=True, parents=True)
            copy.write_bytes(path.read_bytes())
    other = home / "alipay-2"
    other.mkdir()
    (other / "app_public_key.pem").write_bytes((home / "alipay" / "app_public_key.pem").read_bytes())
    (other / "app_id").write_text("2021000000000002")
    (other / "seller_id").write_text("2088000000000002")
    desk = Desk(home)
    assert len(desk.provider.merchants) == 2
    trade = desk.paid()
    strange = {"app_id": "2021000000000002"}
    for number in ({"out_trade_no": "o1"}, {"trade_no": trade.trade_no}):
        assert desk.call(QUERY, number, **strange)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    mine = {"out_trade_no": "o1", "total_amount": "9.99", "subject": "theirs"}
    assert desk.call("alipay.trade.precreate", mine, **strange)["code"] == "10000"
    refused = desk.read(post(desk.merchant.signed(QUERY, mine, **strange) | {"timestamp": "2026-01-02 11:04:06"}))
    assert refused.diagnosis is not None
    told = json.dumps(refused.diagnosis(), default=str)
    assert ("timestamp" in told, "another --home" in told) == (True, False)
    assert desk.query()["total_amount"] == "1.23"
    await desk.schedule.stop()


async def test_an_application_without_a_key_is_told_so_unsigned(credentials_dir, tmp_path):
    home = tmp_path / "c"
    for name in (
        "alipay/app_id",
        "alipay/seller_id",
        "platform/alipay_private_key.pem",
        "platform/alipay_forger_private_key.pem",
    ):
        copy = home / name
        copy.parent.mkdir(exist_ok=True, parents=True)
        copy.write_bytes((credentials_dir / name).read_bytes())
    desk = Desk(home)
    params = Desk(credentials_dir).merchant.signed(QUERY, {"out_trade_no": "o1"})
    answer = json.loads(desk.read(post(params)).perform().body)
    assert (list(answer), answer[KEY]["code"]) == ([KEY], "40003")
    assert answer[KEY]["sub_code"] == "isv.missing-signature-config"
    await desk.schedule.stop()


async def test_every_switch_is_a_setting_with_the_same_default(credentials_dir):
    settings = ProvidersSettings(credentials_dir=credentials_dir)
    assert policy_of(switches_of(settings, "alipay")) == Policy()
    assert set(switches_of(settings, "alipay")) == {field.name for field in fields(Policy)}
