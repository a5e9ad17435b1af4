"""
Refunds that are accepted and do not arrive, and answers about other refunds: played by every vendor, over a socket.
"""

import pytest

from tests.chaos.kit import REFUND, REFUND_QUERY, pay
from tests.chaos.unionpay_kit import Union, union
from tests.chaos.wechatpay_v2_kit import Shop as LegacyShop
from tests.chaos.wechatpay_v2_kit import told as told_in_xml
from tests.chaos.wechatpay_v3_kit import Shop, told

DAY_S = 86_400


async def alipay_refund(box, number="r1"):
    return await box.call(REFUND, {"out_trade_no": "o1", "refund_amount": "0.23", "out_request_no": number})


async def alipay_refund_query(box, number="r1"):
    return await box.call(REFUND_QUERY, {"out_trade_no": "o1", "out_request_no": number})


@pytest.mark.asyncio
async def test_a_refund_of_alipays_fails_and_may_succeed_under_its_own_number(box):
    await pay(box)
    await box.rule("refund_fails", {"api": REFUND, "first": 1})
    accepted = await alipay_refund(box)
    await box.advance(11)
    assert (accepted["code"], accepted["fund_change"]) == ("10000", "N")
    assert "refund_status" not in await alipay_refund_query(box)
    assert (await box.control("GET", "/trades/alipay/o1"))["refunded_fen"] == 0
    assert (await alipay_refund(box))["fund_change"] == "Y"


@pytest.mark.asyncio
async def test_an_answer_about_another_refund_of_alipays_sounds_as_if_all_were_well(box):
    await pay(box)
    await box.rule("refund_fails", {"api": REFUND, "first": 1})
    for api in (REFUND, REFUND_QUERY):
        rule = {"id": api, "fault": "another_answer", "where": {"order": "pp000001", "api": api, "first": 1}}
        await box.control("POST", "/faults/rules", rule)
    said, asked = await alipay_refund(box), await alipay_refund_query(box)
    assert (said["fund_change"], said["out_trade_no"]) == ("Y", "o7")
    assert (asked["refund_status"], asked["out_request_no"], asked["refund_amount"]) == ("REFUND_SUCCESS", "r7", "0.23")


@pytest.mark.parametrize(
    ("settings", "words", "frees"),
    [
        ({}, ["PROCESSING", "CLOSED", "CLOSED"], True),
        ({"stuck_s": DAY_S}, ["PROCESSING", "ABNORMAL", "SUCCESS"], False),
    ],
)
def test_a_refund_of_api_v3_is_closed_or_stuck(credentials_dir, settings, words, frees):
    async def story(shop: Shop):
        await shop.paid()
        await shop.rule("refund_fails", {"api": "v3.refund", "first": 1}, **settings)
        seen = [(await shop.refund()).said["status"]]
        for seconds in (5, DAY_S + 5):
            await shop.box.advance(seconds)
            seen.append((await shop.refund_query()).said["status"])
        return seen, (await shop.refund(123, "r2")).status == 200

    assert told(credentials_dir, story) == (words, frees)


@pytest.mark.parametrize("which", ["order", "amount"])
def test_an_answer_of_api_v3_about_another_refund_sounds_as_if_all_were_well(credentials_dir, which):
    async def story(shop: Shop):
        await shop.paid()
        await shop.rule("another_answer", {"api": "v3.refund*"}, which=which)
        return (await shop.refund()).said

    said = told(credentials_dir, story)
    named = (said["out_refund_no"], said["amount"]["refund"], said["status"])
    assert named == (("r0", 23, "SUCCESS") if which == "order" else ("r1", 123, "SUCCESS"))


@pytest.mark.parametrize(
    ("settings", "words"), [({}, ["REFUNDCLOSE", "REFUNDCLOSE"]), ({"stuck_s": DAY_S}, ["CHANGE", "SUCCESS"])]
)
def test_a_refund_of_the_xml_api_is_closed_or_stuck(credentials_dir, settings, words):
    async def story(shop: LegacyShop):
        await shop.paid()
        await shop.rule("refund_fails", {"api": "v2.refund", "first": 1}, **settings)
        assert (await shop.refund())["result_code"] == "SUCCESS"
        seen = []
        for seconds in (5, DAY_S + 5):
            await shop.box.advance(seconds)
            seen.append((await shop.refund_query())["refund_status_0"])
        return seen

    assert told_in_xml(credentials_dir, story) == words


def test_an_answer_of_the_xml_api_about_another_refund_sounds_as_if_all_were_well(credentials_dir):
    async def story(shop: LegacyShop):
        await shop.paid()
        await shop.rule("another_answer", {"api": "v2.refundquery"})
        await shop.refund()
        return await shop.refund_query()

    said = told_in_xml(credentials_dir, story)
    assert (said["out_refund_no_0"], said["refund_status_0"]) == ("r0", "SUCCESS")


async def paid_at_unionpay(shop: Union) -> str:
    await shop.app()
    await shop.pays()
    return str((await shop.query())["queryId"])


@pytest.mark.asyncio
async def test_a_refund_of_unionpays_fails_and_an_answer_about_another_says_it_did_not(credentials_dir):
    async with union(credentials_dir) as shop:
        paid = await paid_at_unionpay(shop)
        await shop.box.rule("refund_fails", {"api": "backTransReq/04", "first": 1})
        assert (await shop.give_back("04", "refund01", paid))["respCode"] == "00"
        assert (await shop.query("refund01"))["origRespCode"] == "01"
        assert shop.trade().refunded_fen == 0
        await shop.box.rule("another_answer", {"api": "queryTrans/00"})
        said = await shop.query("refund01")
        assert (said["orderId"], said["origRespCode"]) == ("refund00", "00")
