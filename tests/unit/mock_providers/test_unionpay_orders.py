"""
Payments and pre-authorisations of UnionPay's: every way in, and what a query says on the way.
"""

from datetime import timedelta

import pytest

from mock_providers.core.books.book import CASHIER_PATH, TradeState, cashier_token
from tests.unit.mock_providers.unionpay_desk import BACK_URL, CARD, NOW, Desk

pytestmark = pytest.mark.asyncio

METHODS = [("01", "5.1.0"), ("01", "5.0.0"), ("11", "5.1.0"), ("12", "5.1.0"), ("21", "5.1.0"), ("21", "5.0.0")]
ECHOES = (
    "version",
    "encoding",
    "signMethod",
    "txnType",
    "txnSubType",
    "bizType",
    "accessType",
    "merId",
    "orderId",
    "txnTime",
)


@pytest.mark.parametrize(("method", "version"), METHODS)
async def test_without_redirect_is_accepted_paid_and_told_in_every_method(unionpay, method, version):
    unionpay.method, unionpay.version = method, version
    answer = unionpay.consume(reqReserved="tip pp000001")
    assert (answer["respCode"], answer["txnAmt"], answer["currencyCode"]) == ("00", "123", "156")
    queried = unionpay.query()
    assert (queried["respCode"], queried["origRespCode"], queried["queryId"]) == ("00", "00", answer["queryId"])
    notified = unionpay.notified()
    assert unionpay.merchant.verified(notified)
    assert (notified["queryId"], notified["respCode"], notified["txnAmt"]) == (answer["queryId"], "00", "123")
    assert unionpay.trade().opening.label == "pp000001"


async def test_an_answer_repeats_what_was_asked_letter_by_letter(unionpay):
    answer = unionpay.consume(encoding="utf-8", reqReserved="{a=1&b=2}")
    assert {name: answer[name] for name in ECHOES} == {
        "version": "5.1.0",
        "encoding": "utf-8",
        "signMethod": "01",
        "txnType": "01",
        "txnSubType": "01",
        "bizType": "000301",
        "accessType": "0",
        "merId": unionpay.merchant.mer_id,
        "orderId": "order001",
        "txnTime": NOW,
    }
    assert answer["reqReserved"] == "{a=1&b=2}"


async def test_an_app_order_has_the_captured_fields_and_waits(unionpay):
    answer = unionpay.consume("app")
    captured = (
        "accessType bizType encoding merId orderId respCode respMsg signMethod tn txnSubType txnTime txnType version"
    )
    assert sorted(answer) == sorted([*captured.split(), "signPubKeyCert", "signature"])
    assert len(answer["tn"]) == 21
    waiting = unionpay.query()
    assert (waiting["respCode"], waiting["origRespCode"], waiting["settleAmt"], waiting["txnType"]) == (
        "00",
        "05",
        "0",
        "01",
    )
    assert waiting["origRespMsg"] == "交易已受理，请稍后查询交易结果[6154037]"  # noqa: RUF001
    assert not {"queryId", "traceNo", "settleDate"} & waiting.keys()


async def test_a_paid_app_order_is_told_once_and_answers_a_query_in_full(unionpay):
    unionpay.consume("app")
    unionpay.buyer("insufficient_balance")
    unionpay.buyer("pay")
    assert [notice.event for notice in unionpay.published.notices] == ["payment"]
    paid = unionpay.query()
    assert paid["accNo"] == "6221********0000"
    assert (paid["traceNo"], paid["traceTime"]) == (paid["queryId"][14:20], "0102110405")
    assert (paid["settleAmt"], paid["settleCurrencyCode"], paid["settleDate"]) == ("123", "156", "0102")
    assert (paid["bizType"], paid["txnType"], paid["txnSubType"]) == ("000000", "01", "01")
    assert unionpay.query(txnSubType="02", queryId=paid["queryId"], orderId=None)["origRespCode"] == "00"


async def test_the_browsers_form_leads_to_the_cashier_and_back(unionpay):
    reply = unionpay.front()
    assert (reply.status, reply.body) == (302, b"")
    assert dict(reply.headers)["Location"] == "http://127.0.0.1:5000" + CASHIER_PATH + cashier_token(unionpay.trade())
    unionpay.buyer("pay")
    departure = unionpay.provider.departure(unionpay.trade())
    assert (departure.method, departure.url) == ("POST", "http://127.0.0.1:9/front?from=shop")
    assert unionpay.merchant.verified(departure.fields)
    assert (departure.fields["respCode"], departure.fields["orderId"]) == ("00", "order001")


@pytest.mark.parametrize(("host", "base"), [
    ("gateway.test.95516.com", "https://gateway.test.95516.com"),
    ("gateway.95516.com:8443", "https://gateway.95516.com:8443"),
    ("localhost:5000", "http://localhost:5000"),
])  # fmt: skip
async def test_a_server_that_posts_the_form_can_hand_the_address_on(unionpay, host, base):
    reply = unionpay.front(host=host)
    assert dict(reply.headers)["Location"].startswith(f"{base}/_cashier/")


async def test_who_gives_up_is_sent_to_the_other_address(unionpay):
    unionpay.front(frontFailUrl="http://127.0.0.1:9/failed")
    departure = unionpay.provider.departure(unionpay.trade())
    assert (departure.method, departure.url, departure.fields) == ("GET", "http://127.0.0.1:9/failed", {})


async def test_a_front_request_that_is_refused_is_a_page(unionpay):
    unionpay.front()
    again = unionpay.front()
    assert again.status == 200
    assert '<div class="end_error">订单重复[2010002]</div>' in again.body.decode()
    assert "报文交易要素缺失" in unionpay.front("order002", frontUrl="").body.decode()


async def test_a_unified_order_is_paid_at_an_address_of_ours(unionpay):
    answer = unionpay.consume("order")
    assert answer["payUrl"].startswith("http://127.0.0.1:5000/gateway/api/pay.do?tn=")
    link = answer["payUrl"].replace("http:", "https:")
    assert unionpay.provider.cashier_link(link) is unionpay.trade()
    assert unionpay.provider.cashier_link("https://127.0.0.1/gateway/api/pay.do?tn=1") is None


async def test_a_qr_code_is_scanned_and_paid(unionpay):
    answer = unionpay.consume("back", txnSubType="07", bizType="000000", accNo=None)
    assert answer["qrCode"].startswith("https://qr.95516.com/00010001/")
    assert unionpay.provider.cashier_link(answer["qrCode"]) is unionpay.trade()
    unionpay.buyer("pay")
    assert unionpay.query()["origRespCode"] == "00"


@pytest.mark.parametrize("more", [{"termId": "01080209"}, {"termInfo": "{ip=127.0.0.1}"}])
async def test_a_payers_code_is_paid_at_once(unionpay, more):
    answer = unionpay.consume("back", txnSubType="06", bizType="000000", accNo=None, qrNo="6228000000000000000", **more)
    assert (answer["respCode"], len(answer["queryId"])) == ("00", 21)
    assert unionpay.trade().state is TradeState.PAID


@pytest.mark.parametrize(("change", "code"), [
    ({"qrNo": None}, "13"),
    ({"termId": None}, "13"),
    ({"txnAmt": None}, "13"),
    ({"txnAmt": "1.00"}, "10"),
    ({"txnAmt": "0"}, "10"),
    ({"txnAmt": "-1"}, "10"),
    ({"currencyCode": "840"}, "10"),
    ({"orderId": "short"}, "10"),
    ({"orderId": "has_underscore"}, "10"),
    ({"orderId": None}, "13"),
    ({"txnTime": "20260102"}, "10"),
    ({"txnTime": "20261302110405"}, "10"),
    ({"txnSubType": "99"}, "32"),
])  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_enters_nothing(unionpay, change, code):
    fields = {"txnSubType": "06", "bizType": "000000", "accNo": None, "qrNo": "6228", "termId": "1", **change}
    assert unionpay.consume("back", fields.pop("orderId", "order001"), **fields)["respCode"] == code
    assert list(unionpay.book.trades(now=unionpay.schedule.now())) == []


@pytest.mark.parametrize(("amount", "code"), [("999", "33"), ("1000", "00"), ("100000", "00"), ("100001", "33")])
async def test_instalments_have_their_limits(unionpay, amount, code):
    reply = unionpay.front(txnSubType="03", txnAmt=amount)
    assert (reply.status == 302) == (code == "00")


async def test_nobody_pays_after_pay_timeout(unionpay):
    unionpay.consume("app", payTimeout="20260102111905")
    await unionpay.schedule.advance(timedelta(minutes=16).total_seconds())
    assert unionpay.query()["origRespCode"] == "69"
    assert unionpay.trade().state is TradeState.CLOSED
    assert unionpay.consume("app", "order002", payTimeout="20260102110405")["respCode"] == "39"


async def test_duplicates_and_other_days(unionpay, credentials_dir):
    assert unionpay.consume()["respCode"] == "00"
    assert unionpay.consume()["respMsg"] == "订单重复[2010002]"
    assert unionpay.consume(txnTime="20260102110406")["respCode"] == "12"
    assert unionpay.consume(txnTime="20260101110405", txnAmt="7")["respCode"] == "00"
    assert unionpay.query(txnTime="20260101110405")["txnAmt"] == "7"
    assert unionpay.query()["txnAmt"] == "123"
    looser = Desk(credentials_dir, order_reuse="triple")
    assert [looser.consume(txnTime=moment)["respCode"] for moment in (NOW, "20260102110406", NOW)] == ["00", "00", "12"]


async def test_query_numbers_are_nobodys_but_one(unionpay):
    numbers = {unionpay.consume(order=f"order{place:03d}")["queryId"] for place in range(60)}
    assert len(numbers) == 60
    assert all(number[2:14] == NOW[2:] and number.endswith("8") for number in numbers)


async def test_without_a_back_url_nothing_is_told(unionpay):
    unionpay.consume(backUrl=None)
    assert unionpay.published.notices == []
    assert unionpay.trade().state is TradeState.PAID


async def test_the_test_platforms_second_card_pays_too(unionpay):
    assert unionpay.consume(accNo="6216261000000000018")["respCode"] == "00"
    assert unionpay.query()["payCardType"] == "02"


async def test_a_token_pays_for_its_card(unionpay):
    answer = unionpay.consume(bizType="000902", accNo=None, tokenPayData="{trId=62000000001&token=6235240000020757577}")
    assert answer["respCode"] == "00"
    assert unionpay.consume(order="order002", bizType="000902", accNo=None)["respCode"] == "13"


async def test_a_card_that_the_test_platform_does_not_know_fails_and_stays_failed(unionpay):
    answer = unionpay.consume(accNo="4111111111111111")
    assert (answer["respCode"], answer["respMsg"][:7]) == ("61", "输入的卡号无效")
    queried = unionpay.query()
    assert (queried["respCode"], queried["origRespCode"], queried["settleAmt"]) == ("00", "61", "0")
    assert unionpay.consume()["respCode"] == "12"
    assert unionpay.published.notices == []


async def test_a_pre_authorisation_holds_and_is_completed_once(unionpay):
    held = unionpay.held(amount="1000")
    assert unionpay.query("auth0001")["txnType"] == "02"
    answer = unionpay.back("03", "comp0001", origQryId=held, txnAmt="1151")
    assert answer["respMsg"] == "与原交易信息不符[2050004]"
    answer = unionpay.back("03", "comp0001", origQryId=held, txnAmt="1150")
    assert (answer["respCode"], answer["origQryId"], answer["txnAmt"]) == ("00", held, "1150")
    assert unionpay.back("03", "comp0002", origQryId=held, txnAmt="1")["respCode"] == "45"
    queried = unionpay.query("comp0001")
    assert (queried["txnType"], queried["origRespCode"], queried["origQryId"]) == ("03", "00", held)
    assert unionpay.notified()["origQryId"] == held


@pytest.mark.parametrize(("where", "sub", "more"), [
    ("front", "01", {}),
    ("app", "01", {}),
    ("back", "04", {"qrNo": "6228", "termId": "1"}),
    ("back", "05", {}),
])  # fmt: skip
async def test_every_way_to_pre_authorise(unionpay, where, sub, more):
    fields = {"txnType": "02", "txnSubType": sub, "accNo": None, **more}
    if where == "front":
        assert unionpay.front(**fields).status == 302
    else:
        assert unionpay.consume(where, **fields)["respCode"] == "00"
    assert unionpay.trade().opening.product == "preauth"


async def test_a_pre_authorisation_does_not_hold_for_ever(unionpay):
    held = unionpay.held()
    await unionpay.schedule.advance(timedelta(days=31).total_seconds())
    assert unionpay.back("03", "comp0001", origQryId=held)["respCode"] == "35"
    assert unionpay.back("32", "undo0001", origQryId=held, txnAmt="1000")["respCode"] == "35"


async def test_only_a_pre_authorisation_is_completed(unionpay):
    paid = unionpay.consume()["queryId"]
    assert unionpay.back("03", "comp0001", origQryId=paid)["respMsg"] == "原交易不存在或状态不正确[2040004]"
    assert unionpay.back("03", "comp0002", origQryId="4" * 21)["respMsg"] == "原交易不存在或状态不正确[2011000]"
    assert unionpay.back("03", "comp0003")["respCode"] == "13"


async def test_the_card_is_told_as_the_contract_says(credentials_dir):
    for way in ("absent", "encrypted"):
        desk = Desk(credentials_dir, card_number=way)
        desk.consume()
        told = desk.notified().get("accNo", "")
        assert (told == "") == (way == "absent")
        assert CARD not in told
    assert desk.merchant.opened(told) == CARD
    assert desk.published.notices[0].url == BACK_URL
