"""Red packets: exact however they are claimed, one share each, the rest back, paid out under one number."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from reference_gateway.channels.port import PayoutState
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused
from tests.unit.reference_gateway.live import LiveWorld, virtual


async def funded(world: LiveWorld, amount_fen: int = 100, count: int = 3) -> Any:
    await world.furnish()
    await world.top_up("b1", amount_fen)
    status, packet = await world.packet(amount_fen, count)
    assert (status, packet["status"], packet["payment"]["status"]) == (201, "OPEN", "PAID")
    return packet


@virtual
async def test_a_packet_paid_from_the_wallet_is_open_and_its_money_in_escrow():
    async with LiveWorld() as world:
        packet = await funded(world)
        assert world.balances() == {"channel:alipay": 100, "escrow:live": 100}
        assert (await world.packet(100, 3))[0] == 200
        assert (await world.packet(100, 4))[1]["code"] == "order_conflict"
        assert packet["expires_at"] is not None


@virtual
async def test_a_packet_through_a_channel_opens_when_it_is_paid():
    async with LiveWorld() as world:
        await world.furnish()
        _, packet = await world.packet(100, 3, channel="alipay", product="qr")
        assert packet["status"] == "FUNDING"
        assert (await world.claim(packet, "c1"))[1]["code"] == "red_packet_gone"
        await world.merchant.notify(packet["payment"])
        assert (await world.claim(packet, "c1"))[0] == 201


@virtual
async def test_claims_at_once_sum_to_the_packet_and_nobody_has_two():
    async with LiveWorld() as world:
        packet = await funded(world, 1000, 10)
        people = [f"c{n % 16}" for n in range(64)]
        answers = await asyncio.gather(*(world.claim(packet, who) for who in people))
        shares = {claim["claimant_id"]: claim["amount_fen"] for status, claim in answers if status in (200, 201)}
        assert (len(shares), sum(shares.values())) == (10, 1000)
        assert {claim["code"] for status, claim in answers if status == 409} == {"red_packet_gone"}
        _, after = await world.merchant.call("GET", f"/api/v1/red-packets/{packet['id']}")
        assert (after["status"], after["claimed_fen"], after["claimed_count"]) == ("EMPTY", 1000, 10)
        wallets = {name.rpartition(":")[2]: fen for name, fen in world.balances().items() if name.startswith("wallet")}
        assert wallets == shares


@virtual
async def test_what_nobody_claims_returns_to_the_buyers_wallet_once():
    async with LiveWorld() as world:
        packet = await funded(world)
        _, claim = await world.claim(packet, "c1")
        await world.clock.sleep(timedelta(days=1, seconds=1).total_seconds())
        await world.gateway.idle()
        rest_fen = 100 - claim["amount_fen"]
        assert world.balances()["wallet:live:b1"] == rest_fen
        assert (await world.claim(packet, "c2"))[1]["code"] == "red_packet_gone"
        assert await world.claim(packet, "c1") == (200, claim)
        assert [event["type"] for event in world.sender.sent][-1] == "red_packet.expired"
        assert (await world.merchant.call("GET", f"/api/v1/red-packets/{packet['id']}/claims"))[1]["items"] == [claim]


@virtual
async def test_a_packet_whose_payment_fails_is_cancelled():
    async with LiveWorld() as world:
        await world.furnish()
        status, packet = await world.packet(100, 3)
        assert (status, packet["payment"]["failure_code"]) == (201, "insufficient_balance")
        assert packet["status"] == "CANCELLED"


@virtual
async def test_a_packet_is_not_refunded():
    async with LiveWorld() as world:
        packet = await funded(world)
        status, problem = await world.refund(packet["payment"], 100)
        assert (status, problem["code"]) == (409, "red_packet_not_refundable")


@virtual
async def test_a_claim_is_paid_out_once():
    async with LiveWorld() as world:
        packet = await funded(world, 100, 1)
        await world.claim(packet, "c1")
        status, payout = await world.pay_out(packet, "c1")
        assert (status, payout["status"], payout["amount_fen"]) == (201, "SUCCEEDED", 100)
        assert await world.pay_out(packet, "c1") == (200, payout)
        assert (await world.pay_out(packet, "c1", account="other"))[1]["code"] == "order_conflict"
        assert (await world.pay_out(packet, "c1", "po-2"))[1]["code"] == "claim_paid_out"
        assert (await world.pay_out(packet, "c2", "po-3"))[1]["code"] == "unknown_red_packet"
        assert world.balances() == {}
        await world.gateway.idle()
        assert [event["type"] for event in world.sender.sent][-1] == "payout.succeeded"


@pytest.mark.parametrize("done", [True, False])
@virtual
async def test_an_unknown_payout_is_asked_about_and_never_sent_under_another_number(done):
    async with LiveWorld() as world:
        packet = await funded(world, 100, 1)
        await world.claim(packet, "c1")
        world.channel.lose_answers = int(done)
        world.channel.transfer_answers = [ChannelOutcomeUnknown()]
        status, payout = await world.pay_out(packet, "c1")
        assert (status, payout["status"]) == (202, "PROCESSING")
        await world.clock.sleep(60)
        await world.gateway.idle()
        _, after = await world.merchant.call("GET", f"/api/v1/payouts/{payout['id']}")
        assert after["status"] == "SUCCEEDED"
        assert list(world.channel.transfers) == [payout["out_payout_no"]]
        calls = [what for what, _ in world.channel.calls if "transfer" in what]
        assert calls == (["transfer", "query_transfer"] if done else ["transfer", "query_transfer", "transfer"])


@virtual
async def test_a_payouts_notify_is_no_proof_but_a_reason_to_ask_at_once():
    async with LiveWorld() as world:
        packet = await funded(world, 100, 1)
        await world.claim(packet, "c1")
        world.channel.lose_answers = 1
        world.channel.transfer_answers = [ChannelOutcomeUnknown()]
        _, payout = await world.pay_out(packet, "c1")
        told = {"id": "n-po", "kind": "paid_out", "order": payout["out_payout_no"], "amount": 0}
        assert (await world.merchant.notify({"out_trade_no": "", "amount_fen": 0}, **told))[0] == 200
        await world.gateway.idle()
        _, after = await world.merchant.call("GET", f"/api/v1/payouts/{payout['id']}")
        assert after["status"] == "SUCCEEDED"
        assert [what for what, _ in world.channel.calls if "transfer" in what] == ["transfer", "query_transfer"]


@virtual
async def test_a_refused_payout_brings_the_money_back_and_frees_the_claim():
    async with LiveWorld() as world:
        packet = await funded(world, 100, 1)
        await world.claim(packet, "c1")
        world.channel.transfer_answers = [ChannelRefused(code="PAYEE_NOT_EXIST"), PayoutState.SUCCEEDED]
        _, payout = await world.pay_out(packet, "c1")
        assert (payout["status"], payout["failure_code"]) == ("FAILED", "PAYEE_NOT_EXIST")
        assert world.balances()["wallet:live:c1"] == 100
        assert (await world.pay_out(packet, "c1", "po-2"))[1]["status"] == "SUCCEEDED"


@virtual
async def test_a_refusal_of_a_repeated_transfer_is_not_believed():
    async with LiveWorld() as world:
        packet = await funded(world, 100, 1)
        await world.claim(packet, "c1")
        world.channel.transfer_answers = [ChannelOutcomeUnknown(), ChannelRefused(code="busy"), PayoutState.SUCCEEDED]
        await world.pay_out(packet, "c1")
        await world.clock.sleep(60)
        await world.gateway.idle()
        assert world.balances() == {}
        assert len(world.channel.transfers) == 1


@virtual
async def test_money_that_was_tipped_meanwhile_cannot_be_paid_out():
    async with LiveWorld() as world:
        packet = await funded(world, 100, 1)
        await world.claim(packet, "c1")
        await world.tip("t-1", 40, "c1")
        status, problem = await world.pay_out(packet, "c1")
        assert (status, problem["code"]) == (409, "balance_spent")
        assert world.channel.transfers == {}
