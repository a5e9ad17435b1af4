"""
Money that goes back: undoing, refunding, reversing, and what excludes what.
"""

from datetime import timedelta

import pytest

from mock_providers.core.books.book import RefundState, TradeState
from tests.unit.mock_providers.unionpay_desk import NOW, Desk

pytestmark = pytest.mark.asyncio


async def test_a_refund_in_parts_up_to_what_was_paid(unionpay):
    paid = unionpay.consume(txnAmt="100")["queryId"]
    first = unionpay.back("04", "refund01", origQryId=paid, txnAmt="40", reqReserved="why")
    assert (first["respCode"], first["origQryId"], first["txnAmt"], first["reqReserved"]) == ("00", paid, "40", "why")
    assert "currencyCode" not in first
    assert unionpay.back("04", "refund02", origQryId=paid, txnAmt="61")["respMsg"] == "与原交易信息不符[2050004]"
    assert unionpay.back("04", "refund02", origQryId=paid, txnAmt="60")["respCode"] == "00"
    assert unionpay.trade().state is TradeState.CLOSED
    assert unionpay.back("04", "refund03", origQryId=paid, txnAmt="1")["respCode"] == "36"
    assert unionpay.query()["origRespCode"] == "00"


async def test_a_refund_is_queried_and_told_by_its_own_numbers(unionpay):
    paid = unionpay.consume()["queryId"]
    made = unionpay.back("04", "refund01", origQryId=paid, txnAmt="23", txnTime="20260102120000")
    queried = unionpay.query("refund01", txnTime="20260102120000")
    assert (queried["txnType"], queried["txnSubType"], queried["txnAmt"]) == ("04", "00", "23")
    assert (queried["queryId"], queried["origQryId"], queried["origRespCode"]) == (made["queryId"], paid, "00")
    told = unionpay.notified()
    assert unionpay.merchant.verified(told)
    assert (told["txnType"], told["orderId"], told["origQryId"]) == ("04", "refund01", paid)
    assert [notice.event for notice in unionpay.published.notices] == ["payment", "refund"]
    assert unionpay.query("refund01")["respCode"] == "34"


async def test_the_original_can_be_named_by_the_merchants_own_numbers(unionpay):
    unionpay.consume()
    named = {"origOrderId": "order001", "origTxnTime": NOW}
    assert unionpay.back("04", "refund01", txnAmt="1", **named)["respCode"] == "00"
    assert unionpay.back("04", "refund02", txnAmt="1", **{**named, "origTxnTime": "20260102110406"})["respCode"] == "35"
    assert unionpay.back("04", "refund03", txnAmt="1", origOrderId="order001")["respCode"] == "13"


async def test_an_undo_takes_all_of_it_back_on_the_same_day(unionpay):
    paid = unionpay.consume()["queryId"]
    assert unionpay.back("31", "undo0001", origQryId=paid, txnAmt="122")["respMsg"].endswith("[2050001]")
    assert unionpay.back("31", "undo0001", origQryId=paid)["respCode"] == "00"
    assert (unionpay.trade().state, unionpay.trade().closed_by) == (TradeState.CLOSED, "reversed")
    assert unionpay.back("31", "undo0002", origQryId=paid)["respCode"] == "45"
    assert unionpay.back("04", "refund01", origQryId=paid, txnAmt="1")["respCode"] == "45"
    assert unionpay.notified()["txnType"] == "31"


async def test_an_undo_after_a_refund_is_refused(unionpay):
    paid = unionpay.consume()["queryId"]
    unionpay.back("04", "refund01", origQryId=paid, txnAmt="1")
    assert unionpay.back("31", "undo0001", origQryId=paid)["respMsg"] == "原交易已被成功退货或已被成功撤销[2050002]"


@pytest.mark.parametrize(("minutes", "code"), [(11 * 60 + 55, "00"), (11 * 60 + 57, "39")])
async def test_an_undo_is_late_once_the_settlement_day_has_ended(unionpay, minutes, code):
    paid = unionpay.consume()["queryId"]  # at 11:04 in Beijing; the day ends at 23:00
    await unionpay.schedule.advance(timedelta(minutes=minutes).total_seconds())
    assert unionpay.back("31", "undo0001", origQryId=paid)["respCode"] == code
    assert unionpay.back("04", "refund01", origQryId=paid)["respCode"] == ("45" if code == "00" else "00")


@pytest.mark.parametrize(
    ("kind", "of"), [("31", "02"), ("31", "03"), ("32", "01"), ("32", "03"), ("33", "01"), ("33", "02")]
)
async def test_each_undo_is_for_its_own_kind(unionpay, kind, of):
    held = unionpay.held("auth0001", "123")
    numbers = {"01": unionpay.consume()["queryId"], "02": held}
    numbers["03"] = unionpay.back("03", "comp0001", origQryId=held)["queryId"]
    assert unionpay.back(kind, "undo0001", origQryId=numbers[of])["respMsg"].endswith("[2040004]")


async def test_a_completion_that_is_undone_frees_its_pre_authorisation(unionpay):
    held = unionpay.held(amount="500")
    completed = unionpay.back("03", "comp0001", origQryId=held, txnAmt="400")["queryId"]
    assert unionpay.back("32", "undo0001", origQryId=held, txnAmt="500")["respMsg"].endswith("[2040006]")
    assert unionpay.back("33", "undo0002", origQryId=completed, txnAmt="400")["respCode"] == "00"
    assert unionpay.back("03", "comp0002", origQryId=held, txnAmt="300")["respCode"] == "00"
    assert unionpay.query("comp0002")["txnAmt"] == "300"


async def test_a_pre_authorisation_is_undone_in_full(unionpay):
    held = unionpay.held(amount="500")
    assert unionpay.back("32", "undo0001", origQryId=held, txnAmt="400")["respCode"] == "36"
    assert unionpay.back("32", "undo0001", origQryId=held, txnAmt="500")["respCode"] == "00"
    assert unionpay.back("03", "comp0001", origQryId=held, txnAmt="500")["respCode"] == "45"
    assert unionpay.back("04", "refund01", origQryId=held, txnAmt="1")["respCode"] == "35"


async def test_a_completion_is_refunded_like_a_payment(unionpay):
    held = unionpay.held(amount="500")
    completed = unionpay.back("03", "comp0001", origQryId=held, txnAmt="400")["queryId"]
    assert unionpay.back("04", "refund01", origQryId=completed, txnAmt="100")["respCode"] == "00"
    assert unionpay.back("33", "undo0001", origQryId=completed, txnAmt="400")["respCode"] == "45"


async def test_a_refund_has_its_window(credentials_dir):
    desk = Desk(credentials_dir, refund_days=30)
    paid = desk.consume()["queryId"]
    await desk.schedule.advance(timedelta(days=31).total_seconds())
    assert desk.back("04", "refund01", origQryId=paid)["respMsg"] == "原交易不存在或状态不正确[4040007]"


async def test_nothing_unpaid_goes_back(unionpay):
    unionpay.consume("app")
    named = {"origOrderId": "order001", "origTxnTime": NOW}
    for kind in ("04", "31"):
        assert unionpay.back(kind, f"back{kind}01", **named)["respMsg"].endswith("[2040006]")


@pytest.mark.parametrize("where", ["back", "query"])
async def test_a_reversal_takes_back_what_has_its_own_numbers(unionpay, where):
    unionpay.consume()
    fields = {"txnType": "99", "txnSubType": "01", "bizType": "000301", "orderId": "order001", "txnTime": NOW}
    assert unionpay.ask(where, fields)["respCode"] == "00"
    assert (unionpay.trade().refunded_fen, unionpay.trade().closed_by) == (123, "reversed")
    assert unionpay.ask(where, fields)["respCode"] == "00"
    assert unionpay.trade().refunded_fen == 123
    assert unionpay.ask(where, {**fields, "orderId": "unknown1"})["respCode"] == "35"


async def test_a_reversal_shuts_an_order_that_waits(unionpay):
    unionpay.consume("app")
    fields = {"txnType": "99", "txnSubType": "01", "bizType": "000201", "orderId": "order001", "txnTime": NOW}
    assert unionpay.ask("back", fields)["respCode"] == "00"
    assert unionpay.query()["origRespCode"] == "01"


async def test_what_takes_time_is_under_way_and_then_there(credentials_dir):
    desk = Desk(credentials_dir, settles_s=30.0)
    paid = desk.consume()["queryId"]
    assert desk.query()["origRespCode"] == "05"
    assert desk.published.notices == []
    await desk.schedule.advance(31)
    assert desk.query()["origRespCode"] == "00"
    assert desk.back("04", "refund01", origQryId=paid, txnAmt="100")["respCode"] == "00"
    assert desk.query("refund01")["origRespCode"] == "05"
    assert desk.back("04", "refund02", origQryId=paid, txnAmt="24")["respCode"] == "36"
    await desk.schedule.advance(31)
    assert desk.query("refund01")["origRespCode"] == "00"


@pytest.mark.parametrize("told", [True, False])
async def test_what_was_accepted_can_fail_afterwards(credentials_dir, told):
    desk = Desk(credentials_dir, settles_s=30.0, settles_as="64", failure_notices=told)
    desk.consume()
    await desk.schedule.advance(31)
    assert (desk.query()["origRespCode"], desk.query()["origRespMsg"][:7]) == ("64", "卡上的余额不足")
    assert [notice.fields["respCode"] for notice in desk.published.notices] == (["64"] if told else [])


async def test_a_refund_that_fails_gives_its_amount_free(credentials_dir):
    desk = Desk(credentials_dir, settles_s=30.0, settles_as="60")
    desk.consume("app")
    desk.buyer("pay")
    paid = desk.trade().trade_no
    desk.back("04", "refund01", origQryId=paid)
    await desk.schedule.advance(31)
    assert desk.query("refund01")["origRespCode"] == "60"
    assert desk.trade().refunds["refund01"].state is RefundState.FAILED
    assert desk.back("04", "refund02", origQryId=paid)["respCode"] == "00"
    assert desk.notified()["respCode"] == "60"


async def test_money_that_comes_too_late_goes_back_by_itself(credentials_dir):
    desk = Desk(credentials_dir, late_payment="42")
    desk.consume("app", payTimeout="20260102111905")
    desk.buyer("insufficient_balance")
    await desk.schedule.advance(1000)
    desk.buyer("pay_late")
    assert (desk.query()["origRespCode"], desk.published.notices) == ("42", [])
    await desk.schedule.advance(timedelta(days=6).total_seconds())
    assert desk.trade().refunded_fen == 123
