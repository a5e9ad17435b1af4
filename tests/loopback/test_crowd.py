"""
Buyers who pay by themselves, and notifies that share a connection: what load runs want of the simulator.
"""

import pytest

from tests.loopback.sandbox import sandbox


@pytest.mark.asyncio
async def test_everything_is_paid_so_long_after_its_opening(credentials_dir):
    async with sandbox(credentials_dir, buyers_pay_after_s=3.0) as box:
        await box.precreate("o1")
        await box.precreate("o2", label="pp000002")
        await box.advance(2.9)
        assert box.receiver.received == []
        await box.advance(0.2)

        paid = await box.receiver.until(2)
        assert {one.fields["out_trade_no"] for one in paid} == {"o1", "o2"}
        assert {one.fields["trade_status"] for one in paid} == {"TRADE_SUCCESS"}


@pytest.mark.asyncio
async def test_who_was_quicker_than_the_crowd_pays_alone(credentials_dir):
    async with sandbox(credentials_dir, buyers_pay_after_s=3.0) as box:
        await box.pay("o1")
        await box.precreate("o2", label="pp000002")
        await box.call("alipay.trade.cancel", {"out_trade_no": "o2"})
        await box.advance(10)

        book = (await box.control("GET", "/trades"))["items"]
        assert [(one["out_trade_no"], one["state"], one["paid_fen"]) for one in book] == [
            ("o1", "PAID", 123),
            ("o2", "CLOSED", 0),
        ]


@pytest.mark.asyncio
async def test_without_a_crowd_nobody_pays(credentials_dir):
    async with sandbox(credentials_dir) as box:
        await box.precreate("o1")
        await box.advance(60)

        assert (await box.control("GET", "/trades"))["items"][0]["paid_fen"] == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(("keep_alive_s", "connections"), [(0.0, 3), (5.0, 1)])
async def test_deliveries_share_a_connection_where_that_is_wanted(credentials_dir, keep_alive_s, connections):
    async with sandbox(credentials_dir, notify_keep_alive_s=keep_alive_s) as box:
        for number in range(1, 4):
            await box.pay(f"o{number}", label=f"pp00000{number}")
            await box.receiver.until(number)

        assert len(set(box.receiver.peers)) == connections
