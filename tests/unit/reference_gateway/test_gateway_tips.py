"""Rooms, tips, wallets: who gets what, and what cannot be spent twice."""

import asyncio
from typing import Any

import pytest

from reference_gateway.channels.port import RefundState
from reference_gateway.errors import ChannelRefused
from tests.unit.reference_gateway.live import LiveWorld, virtual


@virtual
async def test_a_tip_through_a_channel_is_shared_between_streamer_and_platform():
    async with LiveWorld() as world:
        await world.furnish()
        tip = await world.paid_by_channel("t-1", 101, purpose="tip", room_id="r1")
        assert (tip["status"], tip["purpose"]) == ("PAID", "tip")
        assert world.balances() == {"channel:alipay": 101, "platform:live": 30, "streamer:live:s1": 71}
        _, room = await world.merchant.call("GET", "/api/v1/rooms/r1")
        assert room["streamer_balance_fen"] == 71


@virtual
async def test_a_top_up_fills_the_wallet_and_a_tip_from_it_is_paid_at_once():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 300)
        status, tip = await world.tip("t-1", 100)
        assert (status, tip["status"], tip["channel"]) == (201, "PAID", "wallet")
        assert world.balances() == {
            "channel:alipay": 300,
            "platform:live": 30,
            "streamer:live:s1": 70,
            "wallet:live:b1": 200,
        }
        wallet = await world.merchant.call("GET", "/api/v1/wallets/b1")
        assert wallet == (200, {"buyer_id": "b1", "balance_fen": 200})
        await world.gateway.idle()
        assert [event["type"] for event in world.sender.sent] == ["payment.paid"] * 2
        assert [(len(p["credits"]), len(p["debits"])) for p in await world.merchant.exported()] == [(1, 0), (1, 0)]


@virtual
async def test_the_same_tip_again_is_the_same_payment_and_other_content_a_conflict():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 300)
        first = (await world.tip("t-1", 100))[1]
        assert await world.tip("t-1", 100) == (200, first)
        status, problem = await world.tip("t-1", 99)
        assert (status, problem["code"]) == (409, "order_conflict")
        assert world.balances()["wallet:live:b1"] == 200


@virtual
async def test_a_tip_above_the_balance_ends_at_once_and_moves_nothing():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 99)
        for buyer in ("b1", "nobody"):
            status, tip = await world.tip(f"t-{buyer}", 100, buyer)
            assert (status, tip["status"], tip["failure_code"]) == (201, "CLOSED", "insufficient_balance")
        assert world.balances() == {"channel:alipay": 99, "wallet:live:b1": 99}


@virtual
async def test_sixty_four_tips_of_one_buyer_at_once_never_overdraw():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 1000)
        answers = await asyncio.gather(*(world.tip(f"t-{n}", 30) for n in range(64)))
        states = [tip["status"] for _, tip in answers]
        assert (states.count("PAID"), states.count("CLOSED")) == (33, 31)
        assert world.balances()["wallet:live:b1"] == 10


@virtual
async def test_sixty_four_copies_of_one_tip_pay_once():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 1000)
        key = {"Idempotency-Key": "k-1"}
        body = {"channel": "wallet", "product": "balance", "purpose": "tip", "room_id": "r1", "buyer_id": "b1"}
        order = {"merchant_order_no": "t-1", "amount_fen": 30, "currency": "CNY", "subject": "tip", **body}
        answers = await asyncio.gather(
            *(world.merchant.call("POST", "/api/v1/payments", order, **key) for _ in range(64))
        )
        assert len({payment["id"] for _, payment in answers}) == 1
        assert world.balances()["wallet:live:b1"] == 970


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"room_id": "r9"}, 404, "unknown_room"),
    ({"room_id": None}, 422, "invalid_field"),
    ({"buyer_id": None}, 422, "invalid_field"),
    ({"purpose": "tipp"}, 422, "invalid_field"),
    ({"purpose": "topup"}, 422, "invalid_field"),
    ({"product": "qr"}, 400, "unknown_product"),
    ({"good_id": "g1"}, 422, "invalid_field"),
]


@pytest.mark.parametrize(("changes", "status", "code"), REFUSED)
@virtual
async def test_a_tip_that_makes_no_sense_is_refused_and_leaves_nothing(changes, status, code):
    async with LiveWorld() as world:
        await world.furnish()
        fields = {"channel": "wallet", "product": "balance", "purpose": "tip", "room_id": "r1", "buyer_id": "b1"}
        answer = await world.merchant.pay("t-1", 10, **{**fields, **changes})
        assert (answer[0], answer[1]["code"]) == (status, code)
        assert await world.merchant.exported() == []


@virtual
async def test_a_closed_room_takes_no_new_tips_and_answers_for_the_old_ones():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 300)
        first = (await world.tip("t-1", 100))[1]
        assert (await world.merchant.call("POST", "/api/v1/rooms/r1/close"))[1]["open"] is False
        assert (await world.tip("t-2", 100))[1]["code"] == "room_closed"
        assert await world.tip("t-1", 100) == (200, first)


@virtual
async def test_a_tip_is_refunded_from_whom_it_went_to_the_last_fen():
    async with LiveWorld() as world:
        await world.furnish()
        await world.top_up("b1", 101)
        tip = (await world.tip("t-1", 101))[1]
        for number, fen in enumerate((1, 50, 50)):
            status, refund = await world.refund(tip, fen, f"r-{number}")
            assert (status, refund["status"]) == (201, "SUCCEEDED")
        assert world.balances() == {"channel:alipay": 101, "wallet:live:b1": 101}


@virtual
async def test_a_tip_whose_refund_fails_stays_where_it_went():
    async with LiveWorld() as world:
        await world.furnish()
        tip = await world.paid_by_channel("t-1", 101, purpose="tip", room_id="r1")
        before = world.balances()
        world.channel.refund_answers = [ChannelRefused(code="no"), RefundState.SUCCEEDED]
        assert (await world.refund(tip, 100, "r-1"))[1]["status"] == "FAILED"
        assert world.balances() == before
        assert (await world.refund(tip, 101, "r-2"))[1]["status"] == "SUCCEEDED"
        assert world.balances() == {}


@virtual
async def test_a_top_up_is_refunded_as_far_as_it_is_not_spent():
    async with LiveWorld() as world:
        await world.furnish()
        topup = await world.top_up("b1", 300)
        await world.tip("t-1", 100)
        status, problem = await world.refund(topup, 201)
        assert (status, problem["code"]) == (409, "balance_spent")
        assert (await world.refund(topup, 200, "r-2"))[1]["status"] == "SUCCEEDED"
        assert world.balances() == {"channel:alipay": 100, "platform:live": 30, "streamer:live:s1": 70}


@virtual
async def test_what_is_promised_to_a_refund_cannot_be_tipped_meanwhile():
    async with LiveWorld() as world:
        await world.furnish()
        topup = await world.top_up("b1", 300)
        met = asyncio.Event()

        async def tip_meanwhile(what: str, number: str) -> None:
            if what == "refund":
                assert (await world.tip("t-1", 100))[1]["failure_code"] == "insufficient_balance"
                met.set()

        world.channel.on_call = tip_meanwhile
        assert (await world.refund(topup, 300))[1]["status"] == "SUCCEEDED"
        assert met.is_set()
        assert world.balances() == {}


@virtual
async def test_rooms_and_goods_belong_to_their_app():
    async with LiveWorld() as world:
        await world.furnish()
        taken = {"id": "r1", "streamer_id": "s2", "title": "x"}
        assert (await world.merchant.call("POST", "/api/v1/rooms", taken))[1]["code"] == "order_conflict"
        same = {"id": "r1", "streamer_id": "s1", "title": "夜聊", "fee_basis_points": 3000}
        assert (await world.merchant.call("POST", "/api/v1/rooms", same))[0] == 200
        for path, code in (("rooms/r2", "unknown_room"), ("goods/g2", "unknown_good")):
            status, problem = await world.merchant.call("GET", f"/api/v1/{path}")
            assert (status, problem["code"]) == (404, code)
