"""
A deadline written out as a date is one of the merchant's clock: as far off on an advanced schedule as it is there.
"""

import pytest

from mock_providers.core.books.book import TradeState
from mock_providers.errors import BookRefused
from tests.unit.mock_providers.test_wechatpay_v3_transfers import COMBINE, combined

pytestmark = pytest.mark.asyncio

DAYS_S = 3 * 86_400.0
# The merchants' clock stands at 11:04:05; each of these is ten minutes off.
RFC, PLAIN, COMPACT = "2026-01-02T11:14:05+08:00", "2026-01-02 11:14:05", "20260102111405"


@pytest.mark.parametrize("ahead_s", [0.0, 0.4, DAYS_S])
async def test_alipay_closes_after_the_merchants_ten_minutes(desk, ahead_s):
    await desk.schedule.advance(ahead_s)
    assert desk.precreate(time_expire=PLAIN)["code"] == "10000"
    desk.buyer("scan")
    await desk.schedule.advance(598)
    assert desk.query()["trade_status"] == "WAIT_BUYER_PAY"
    await desk.schedule.advance(2)
    assert desk.query()["trade_status"] == "TRADE_CLOSED"


@pytest.mark.parametrize("ahead_s", [0.0, 0.4, DAYS_S])
async def test_unionpay_takes_money_for_the_merchants_ten_minutes(unionpay, ahead_s):
    await unionpay.schedule.advance(ahead_s)
    assert unionpay.consume("app", payTimeout=COMPACT)["respCode"] == "00"
    await unionpay.schedule.advance(598)
    assert unionpay.query()["origRespCode"] == "05"
    await unionpay.schedule.advance(2)
    assert unionpay.query()["origRespCode"] == "69"


@pytest.mark.parametrize(("waited_s", "taken"), [(598, True), (601, False)])
@pytest.mark.parametrize("ahead_s", [0.0, 0.4, DAYS_S])
async def test_wechat_pay_lets_buyers_pay_for_the_merchants_ten_minutes(v3_desk, v2_desk, ahead_s, waited_s, taken):
    await v3_desk.schedule.advance(ahead_s)
    await v2_desk.later(ahead_s)
    v3_desk.create(time_expire=RFC)
    v2_desk.order(time_start=COMPACT.replace("1114", "1104"), time_expire=COMPACT)
    assert v3_desk.call("POST", f"{COMBINE}/native", combined(v3_desk, time_expire=RFC))[0] == 200
    await v3_desk.schedule.advance(waited_s)
    await v2_desk.later(waited_s)
    assert pays(v3_desk, "order1") is taken
    assert pays(v3_desk, "sub-0-0") is taken
    assert pays(v2_desk.v3, "order-1") is taken


def pays(desk, number: str) -> bool:
    """
    Whether a buyer's money is taken.
    """
    try:
        desk.control.act(desk.trade(number), "pay")
    except BookRefused:
        assert desk.trade(number).state is TradeState.WAITING
        return False
    return True


async def test_a_date_that_is_over_is_over_however_far_the_schedule_went(desk, unionpay):
    for one in (desk, unionpay):
        await one.schedule.advance(DAYS_S)
    late = desk.precreate(time_expire="2026-01-02 11:04:05")
    assert late["sub_code"] == "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"
    assert unionpay.consume("app", payTimeout="20260102110405")["respCode"] == "39"


async def test_the_ends_of_the_calendar_are_no_trouble(desk, unionpay, v3_desk):
    for one in (desk, unionpay, v3_desk):
        await one.schedule.advance(DAYS_S)
    assert desk.precreate(time_expire="9999-12-31 23:59:59")["code"] == "10000"
    assert unionpay.consume("app", payTimeout="99991231235959")["respCode"] == "00"
    assert v3_desk.create(time_expire="9999-12-31T23:59:59+08:00")[0] == 400
    assert desk.query()["sub_code"] == "ACQ.TRADE_NOT_EXIST"
