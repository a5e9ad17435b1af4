"""
What is past can be left behind: a world that lives through many cases reads each row once.
"""

import pytest

from harness.recent_control import RecentControl

pytestmark = pytest.mark.asyncio


async def test_lists_begin_after_what_was_read_before(box):
    async with RecentControl(box.simulator.control_url) as control:
        await box.precreate("o1")
        await control.buyer("alipay", "o1")
        await control.advance(0)
        first = [
            len(await rows(control.trades())),
            len(await rows(control.journal())),
            len(await rows(control.notifies())),
        ]
        control.leave_behind()
        await box.precreate("o2")
        await control.buyer("alipay", "o2")
        await control.advance(0)

        assert first[0] == 1
        assert [one.out_trade_no for one in await rows(control.trades())] == ["o2"]
        assert [one.out_trade_no for one in await rows(control.trades(provider="alipay"))] == ["o2"]
        assert {one.order for one in await rows(control.journal(direction="in"))} == {"o2"}
        assert {one.out_trade_no for one in await rows(control.notifies())} == {"o2"}
        assert (await control.trade("alipay", "o1")).state == "PAID"


async def test_a_page_is_no_beginning(box):
    async with RecentControl(box.simulator.control_url) as control:
        for number in range(5):
            await box.precreate(f"o{number}")

        assert [one.out_trade_no for one in await rows(control.trades(limit=2))] == [f"o{n}" for n in range(5)]
        control.leave_behind()
        assert await rows(control.trades(limit=2)) == []


async def rows(walk):
    return [one async for one in walk]
