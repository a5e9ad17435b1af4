"""What every store promises about rooms, goods, red packets and payouts, asked of memory and of PostgreSQL alike."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from reference_gateway.domain.goods import LogisticsRow, StockOrder, StockStatus
from reference_gateway.domain.red_packet import PacketStatus, Share
from reference_gateway.domain.transitions import PayoutStatus
from reference_gateway.errors import ConstraintBroken
from tests.contract.samples import NOW, SOON, payment
from tests.contract.samples_live import good, packet, payout, room
from tests.contract.test_unit_of_work import is_blocked

pytestmark = pytest.mark.asyncio


async def keep(store: Any, **rows: Any) -> None:
    """Commit a payment and these rows, each by the statement that inserts its kind."""
    async with store() as unit:
        await unit.insert_payments([payment()])
        for kind, given in rows.items():
            await getattr(unit, f"insert_{kind}")(given)
        await unit.commit()


async def test_a_room_is_made_once_and_can_be_closed(store):
    async with store() as unit:
        assert await unit.insert_rooms([room()]) == {"r1"}
        await unit.commit()
    async with store() as unit:
        assert await unit.insert_rooms([room(title="other"), room(2)]) == {"r2"}
        await unit.save_room(room(open=False))
        await unit.commit()
    async with store() as unit:
        assert await unit.rooms(["r1", "r3"]) == {"r1": room(open=False)}


async def test_stock_moves_under_its_lock_and_never_below_zero(store):
    await keep(store, goods=[good()])
    async with store() as first:
        locked = (await first.lock_goods(["g1", "g2"]))["g1"]

        async def second() -> Any:
            async with store() as unit:
                return (await unit.lock_goods(["g1"]))["g1"]

        waiting = asyncio.create_task(second())
        assert await is_blocked(waiting)
        await first.save_goods([locked.reserve(4)])
        await first.commit()
    seen = await waiting
    assert (seen.available, seen.reserved, seen.sold) == (1, 4, 0)
    async with store() as unit:
        with pytest.raises(ConstraintBroken) as caught:
            await unit.save_goods([seen.reserve(2)])
    assert caught.value.reason == "goods_stock_not_negative"


async def test_a_reservation_is_one_row_for_each_payment(store):
    await keep(store, goods=[good()], stock_orders=[StockOrder("pay1", "g1", 2)])
    async with store() as unit:
        found = await unit.stock_orders(["pay1", "pay2"])
        assert found == {"pay1": StockOrder("pay1", "g1", 2)}
        await unit.save_stock_orders([replace(found["pay1"], status=StockStatus.DEDUCTED)])
        await unit.commit()
    async with store() as unit:
        assert (await unit.stock_orders(["pay1"]))["pay1"].status is StockStatus.DEDUCTED
        with pytest.raises(ConstraintBroken):
            await unit.insert_stock_orders([StockOrder("pay1", "g1", 1)])


async def test_logistics_are_written_once(store):
    sent = LogisticsRow("pay1", "SF", "SF1", NOW)
    await keep(store, logistics=[sent])
    async with store() as unit:
        await unit.insert_logistics([replace(sent, tracking_no="SF2")])
        await unit.commit()
    async with store() as unit:
        assert await unit.logistics("pay1") == sent
        assert await unit.logistics("pay2") is None


async def test_a_red_packet_is_found_by_its_number_and_belongs_to_its_app(store):
    await keep(store, packets=[packet()])
    async with store() as unit:
        assert await unit.insert_packets([packet(2, packet_no="p-1"), packet(3)]) == {"rp3"}
        assert await unit.packets_by_no([("live", "p-1"), ("rival", "p-1")]) == {("live", "p-1"): packet()}
        assert await unit.packet("rival", "rp1") is None
        assert await unit.packet("live", "rp1") == packet()


async def test_claims_never_exceed_the_packet(store):
    await keep(store, packets=[packet()])
    for changes in ({"claimed_fen": 101}, {"claimed_count": 4}):
        async with store() as unit:
            await unit.lock_packets(["rp1"])
            with pytest.raises(ConstraintBroken) as caught:
                await unit.save_packets([packet(**changes)])
        assert caught.value.reason == "red_packets_claims_within_amount"


async def test_nobody_has_two_shares_of_one_packet(store):
    shares = [Share("rp1", n, 30) for n in range(3)]
    await keep(store, packets=[packet()], shares=shares)
    async with store() as unit:
        await unit.save_shares([replace(shares[0], claimant="b2", claimed_at=NOW)])
        await unit.commit()
    async with store() as unit:
        assert [share.claimant for share in await unit.shares(["rp1"])] == ["b2", None, None]
        with pytest.raises(ConstraintBroken) as caught:
            await unit.save_shares([replace(shares[1], claimant="b2", claimed_at=NOW)])
    assert caught.value.reason == "red_packet_shares_one_each"


async def test_packets_that_are_due_are_taken_by_one_gateway(store):
    await keep(store, packets=[packet(1, status=PacketStatus.OPEN, poll_at=NOW), packet(2, poll_at=SOON), packet(3)])
    async with store() as one, store() as two:
        assert [taken.id for taken in await one.claim_packets(NOW, lease_until=SOON, limit=9)] == ["rp1"]
        assert await two.claim_packets(NOW, lease_until=SOON, limit=9) == []
        assert (await two.next_due()).packets == NOW
        await one.commit()
    async with store() as unit:
        assert (await unit.next_due()).packets == SOON


async def test_a_claim_is_paid_out_once_unless_the_payout_failed(store):
    await keep(store, packets=[packet()], payouts=[payout()])
    async with store() as unit:
        with pytest.raises(ConstraintBroken) as caught:
            await unit.insert_payouts([payout(2)])
    assert caught.value.reason == "payouts_one_alive"
    async with store() as unit:
        assert await unit.insert_payouts([payout(2, merchant_payout_no="po-1")]) == set()
        locked = await unit.lock_payout("po1")
        await unit.save_payout(replace(locked, status=PayoutStatus.FAILED, failure_code="x", finished_at=NOW))
        await unit.commit()
    async with store() as unit:
        assert await unit.insert_payouts([payout(3)]) == {"po3"}
        assert (await unit.payout_by_no("live", "po-1")).failure_code == "x"
        assert await unit.payout("rival", "po1") is None


async def test_payouts_can_be_hurried_while_they_are_asked_about(store):
    await keep(store, packets=[packet()], payouts=[payout(poll_at=SOON)])
    async with store() as unit:
        assert await unit.claim_payouts(NOW, lease_until=SOON, limit=9) == []
        await unit.hurry_payouts(["P1", "P9"], NOW)
        await unit.commit()
    async with store() as unit:
        [taken] = await unit.claim_payouts(NOW, lease_until=SOON, limit=9)
        await unit.save_payout(replace(taken, status=PayoutStatus.SUCCEEDED, finished_at=NOW, poll_at=None))
        await unit.hurry_payouts(["P1"], NOW)
        await unit.commit()
    async with store() as unit:
        assert (await unit.next_due()).payouts is None


async def test_payouts_that_are_due_are_leased(store):
    await keep(store, packets=[packet()], payouts=[payout(poll_at=NOW)])
    async with store() as unit:
        assert (await unit.next_due()).payouts == NOW
        [taken] = await unit.claim_payouts(NOW, lease_until=SOON, limit=9)
        assert taken == payout(poll_at=SOON)
        await unit.commit()
    async with store() as unit:
        assert await unit.claim_payouts(NOW, lease_until=SOON, limit=9) == []
