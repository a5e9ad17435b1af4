"""
Orders that lie on disk, over the wire: found, refunded and told like all others, on every provider.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.chaos import unionpay_kit, wechatpay_v2_kit, wechatpay_v3_kit
from tests.loopback.sandbox import Sandbox, sandbox
from tests.unit.mock_providers import wechatpay_v2_desk, wechatpay_v3_desk

pytestmark = pytest.mark.asyncio

KEPT, LATER = 2, 8


@pytest_asyncio.fixture
async def box(credentials_dir) -> AsyncIterator[Sandbox]:
    async with sandbox(credentials_dir, trades_kept=KEPT) as box:
        yield box


async def passed_by(box: Sandbox, open_one: Callable[[str], Awaitable[Any]]) -> None:
    """
    So many orders come later that the first ones lie on disk.
    """
    for number in range(LATER):
        await open_one(f"later-{number}x")
    assert len(box.simulator.book._trades._recent) <= KEPT + 1


async def orders(box: Sandbox) -> list[dict[str, Any]]:
    return list((await box.control("GET", "/trades"))["items"])


async def test_alipay(box):
    paid = await box.pay()
    await passed_by(box, box.precreate)
    assert (await box.precreate())["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"
    assert (await box.refund("0.23", "r1"))["fund_change"] == "Y"
    await passed_by(box, box.precreate)
    by_theirs = await box.call("alipay.trade.query", {"trade_no": paid["trade_no"]})
    assert (by_theirs["out_trade_no"], by_theirs["trade_status"]) == ("o1", "TRADE_SUCCESS")
    assert (await box.refund("0.23", "r1"))["fund_change"] == "N"
    assert (await box.refund("1.00", "r2"))["refund_fee"] == "1.23"
    assert [(one["out_trade_no"], one["refunded_fen"]) for one in await orders(box)][:2] == [
        ("o1", 123),
        ("later-0x", 0),
    ]


async def test_wechatpay_v3(box, credentials_dir):
    shop = wechatpay_v3_kit.Shop(box, wechatpay_v3_desk.Merchant(credentials_dir))
    await shop.paid()
    await passed_by(box, shop.create)
    assert (await shop.refund()).status == 200
    await passed_by(box, lambda number: shop.create(f"{number}2"))
    assert (await shop.refund_query()).said["amount"]["refund"] == 23
    assert (await shop.query())["trade_state"] == "REFUND"
    await box.advance(60)
    await passed_by(box, lambda number: shop.create(f"{number}3"))
    assert (await shop.refund_query()).said["status"] == "SUCCESS"
    assert (await shop.refund(123, "r2")).status == 400


async def test_wechatpay_v2(box, credentials_dir):
    shop = wechatpay_v2_kit.Shop(box, wechatpay_v2_desk.Merchant(credentials_dir))
    await shop.paid()
    await passed_by(box, shop.order)
    assert (await shop.refund())["result_code"] == "SUCCESS"
    await box.advance(60)
    await passed_by(box, lambda number: shop.order(f"{number}2"))
    assert (await shop.refund_query())["refund_status_0"] == "SUCCESS"
    assert (await shop.refund(123, "r2"))["result_code"] == "FAIL"


async def test_unionpay(credentials_dir):
    async with unionpay_kit.union(credentials_dir, trades_kept=KEPT) as union:
        await union.app("order001")
        await union.pays("order001")
        paid = await union.query("order001")
        await passed_by(union.box, lambda number: union.app(number.replace("-", "")))
        assert (await union.give_back("04", "refund01", paid["queryId"], "40"))["respCode"] == "00"
        await passed_by(union.box, lambda number: union.app(number.replace("-", "") + "2"))
        assert (await union.query("refund01"))["origRespCode"] == "00"
        assert (await union.give_back("04", "refund02", paid["queryId"], "61"))["respCode"] != "00"
        assert union.trade("order001").refunded_fen == 40


async def test_a_run_on_disk_goes_on_in_another_simulator(box, credentials_dir):
    await box.pay()
    await passed_by(box, box.precreate)
    snapshot = await box.control("GET", "/snapshot")
    async with sandbox(credentials_dir, trades_kept=KEPT) as other, sandbox(credentials_dir) as all_kept:
        for one in (other, all_kept):
            await one.control("PUT", "/snapshot", snapshot)
            assert {**await one.control("GET", "/snapshot"), "epoch": ""} == {**snapshot, "epoch": ""}
            assert await orders(one) == await orders(box)
            assert (await one.refund("0.23", "r1"))["fund_change"] == "Y"


async def test_how_often_an_order_asked_is_remembered(box):
    await box.precreate()
    await passed_by(box, box.precreate)
    await box.rule("system_error", {"nth": 2, "api": "alipay.trade.precreate"})
    assert (await box.precreate())["sub_code"] == "ACQ.SYSTEM_ERROR"
    assert (await box.precreate())["code"] == "10000"
    (first, *_) = await orders(box)
    assert first["label"] == "pp000001"


async def test_a_reset_leaves_nothing_on_disk(box):
    await box.pay()
    await passed_by(box, box.precreate)
    await box.control("POST", "/reset")
    assert await orders(box) == []
    await box.control("GET", "/trades/alipay/o1", status=404)
    assert (await box.precreate())["code"] == "10000"
