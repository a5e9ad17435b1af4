"""
Payments with a coupon in them, finished ones, and forgers with a method of their own: what is said, over a socket.
"""

import json

import pytest

from tests.chaos.kit import pay, query, told
from tests.chaos.unionpay_kit import union
from tests.chaos.wechatpay_v2_kit import Shop as LegacyShop
from tests.chaos.wechatpay_v2_kit import told as told_in_xml
from tests.chaos.wechatpay_v3_kit import Shop
from tests.chaos.wechatpay_v3_kit import told as told_in_json


async def both(box, fault: str, **settings) -> None:
    for on in ("notify", "reply"):
        rule = {"id": on, "fault": fault, "where": {"order": "*", "on": on}, "with": settings}
        await box.control("POST", "/faults/rules", rule)


@pytest.mark.asyncio
async def test_a_coupon_of_alipays_leaves_the_total_and_nothing_else(box):
    await both(box, "coupon", off_fen=23)
    await pay(box)
    await box.advance(1)
    (notified,), asked = await told(box), await query(box)
    for said in (notified, asked):
        amounts = {said[name] for name in ("buyer_pay_amount", "receipt_amount", "invoice_amount")}
        assert (said["total_amount"], amounts) == ("1.23", {"1.00"})
    assert json.loads(notified["fund_bill_list"]) == [{"amount": "1.00", "fundChannel": "ALIPAYACCOUNT"}]
    assert asked["fund_bill_list"] == [{"amount": "1.00", "fund_channel": "ALIPAYACCOUNT"}]
    assert json.loads(notified["voucher_detail_list"])[0]["amount"] == "0.23"


@pytest.mark.asyncio
async def test_a_coupon_leaves_a_fen_to_pay(box):
    await both(box, "coupon", off_fen=1_000)
    await pay(box)
    assert (await query(box))["buyer_pay_amount"] == "0.01"


@pytest.mark.asyncio
async def test_a_payment_of_alipays_is_finished_from_the_first(box):
    await both(box, "says_finished")
    await pay(box)
    await box.advance(1)
    assert [one["trade_status"] for one in await told(box)] == ["TRADE_FINISHED"]
    assert (await query(box))["trade_status"] == "TRADE_FINISHED"


@pytest.mark.asyncio
async def test_a_payment_of_alipays_is_finished_later_as_an_event_of_its_own(box):
    await box.rule("says_finished", {"on": "notify"}, after_s=60)
    await pay(box)
    await box.advance(61)
    first, later = await told(box)
    assert (first["trade_status"], later["trade_status"]) == ("TRADE_SUCCESS", "TRADE_FINISHED")
    assert first["notify_id"] != later["notify_id"]


def test_a_coupon_of_api_v3_leaves_the_total_and_nothing_else(credentials_dir):
    async def story(shop: Shop):
        await both(shop.box, "coupon", off_fen=23)
        await shop.create()
        unpaid = await shop.query()
        await shop.buyer()
        await shop.box.advance(1)
        return unpaid, await shop.query(), [one.resource for one in await shop.sent()]

    unpaid, asked, notified = told_in_json(credentials_dir, story)
    assert "promotion_detail" not in unpaid
    for said in (asked, *notified):
        assert (said["amount"]["total"], said["amount"]["payer_total"]) == (123, 100)
        assert [one["amount"] for one in said["promotion_detail"]] == [23]


def test_a_coupon_of_the_xml_api_leaves_the_total_and_nothing_else(credentials_dir):
    async def story(shop: LegacyShop):
        await both(shop.box, "coupon", off_fen=23)
        await shop.order()
        unpaid = await shop.query()
        await shop.buyer()
        await shop.box.advance(1)
        return unpaid, await shop.query(), [one.fields for one in await shop.sent() if one.genuine]

    unpaid, asked, notified = told_in_xml(credentials_dir, story)
    assert "coupon_fee" not in unpaid
    for said in (asked, *notified):
        names = ("total_fee", "cash_fee", "settlement_total_fee", "coupon_fee", "coupon_count")
        assert [said[name] for name in names] == ["123", "100", "100", "23", "1"]


@pytest.mark.asyncio
async def test_a_forger_of_alipays_declares_a_method_that_nobody_knows(box):
    await box.rule("forged_signature", {"on": "notify"}, method="unknown")
    await pay(box)
    await box.advance(1)
    assert [one["sign_type"] for one in await told(box)] == ["NONE", "RSA2"]


def test_so_does_one_of_the_xml_api_and_one_of_api_v3(credentials_dir):
    async def in_xml(shop: LegacyShop):
        await shop.rule("forged_signature", {"on": "notify"}, method="unknown")
        await shop.paid()
        await shop.box.advance(1)
        return [(one.fields.get("sign_type", ""), one.genuine) for one in await shop.sent()]

    async def in_json(shop: Shop):
        await shop.rule("forged_signature", {"on": "notify"}, method="unknown")
        await shop.paid()
        await shop.box.advance(1)
        return [one.headers["Wechatpay-Signature-Type"] for one in await shop.sent()]

    assert told_in_xml(credentials_dir, in_xml) == [("NONE", False), ("", True)]
    assert told_in_json(credentials_dir, in_json) == ["NONE", "WECHATPAY2-SHA256-RSA2048"]


@pytest.mark.asyncio
async def test_so_does_one_of_unionpays(credentials_dir):
    async with union(credentials_dir) as shop:
        await shop.box.rule("forged_signature", {"on": "notify"}, method="unknown")
        await shop.app()
        await shop.pays()
        await shop.box.advance(1)
        assert [one["signMethod"] for one in await shop.told()] == ["99", "01"]


@pytest.mark.asyncio
async def test_a_payment_of_unionpays_is_told_as_a_success_with_a_defect(credentials_dir):
    async with union(credentials_dir) as shop:
        await both(shop.box, "says_flawed")
        await shop.app()
        unpaid = await shop.query()
        await shop.pays()
        await shop.box.advance(1)
        assert unpaid["origRespCode"] == "05"
        assert [one["respCode"] for one in await shop.told()] == ["A6"]
        assert (await shop.query())["origRespCode"] == "A6"
