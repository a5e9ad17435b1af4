"""Orders whose opening is lost for good: tried again under another number, and never credited twice."""

import asyncio

import pytest
from hypothesis import given, settings

from reference_gateway.domain.tries import TRIES_MAX, number_of_try, order_and_try
from reference_gateway.errors import OpeningLost
from tests.unit.reference_gateway.support import World
from tests.unit.reference_gateway.test_gateway_lifecycle_races import books, raced, refunds_called, turns


def lost(world: World, times: int = 1) -> None:
    world.channel.pay_answers = [OpeningLost("told once") for _ in range(times)]


def own_number(payment: dict[str, str]) -> str:
    return order_and_try(payment["out_trade_no"])[0]


@pytest.mark.parametrize("number", ["G1", "OUT2", "G" + "a" * 24, "G" + "a" * 24 + "T1", "G" + "a" * 24 + "T2U"])
def test_what_is_no_later_try_of_ours_is_an_orders_own_number(number):
    assert order_and_try(number) == (number, 1)


@pytest.mark.parametrize("try_no", range(1, TRIES_MAX + 1))
def test_the_number_of_a_try_names_its_order(try_no):
    assert order_and_try(number_of_try("G" + "0f" * 12, try_no)) == ("G" + "0f" * 12, try_no)


@pytest.mark.asyncio
async def test_an_opening_that_is_lost_for_good_is_tried_again_under_its_own_number():
    async with World() as world:
        lost(world, 2)
        status, payment = await world.merchant.pay()
        number = own_number(payment)
        assert (status, payment["out_trade_no"]) == (201, f"{number}T3")
        assert payment["pay_params"] == {"qr_code": f"https://qr.example/{number}T3"}
        assert world.channel.calls == [("pay", number), ("pay", f"{number}T2"), ("pay", f"{number}T3")]
        tried = (await world.merchant.call("GET", f"/api/v1/payments/{payment['id']}/attempts"))[1]["attempts"]
        assert [attempt["status"] for attempt in tried] == ["LOST", "LOST", "OPENED"]
        assert tried[1]["choice"]["number"] == f"{number}T2"


@pytest.mark.asyncio
async def test_an_order_is_not_tried_for_ever():
    async with World() as world:
        lost(world, 2 * TRIES_MAX)
        await world.merchant.pay()
        assert [what for what, _ in world.channel.calls].count("pay") == TRIES_MAX


@pytest.mark.asyncio
@pytest.mark.parametrize("by_notify", [True, False])
async def test_who_pays_a_number_that_was_given_up_has_paid_the_order(by_notify):
    async with World() as world:
        lost(world)
        _, payment = await world.merchant.pay()
        number = own_number(payment)
        if by_notify:
            assert (await world.merchant.notify(payment, order=number))[0] == 200
        else:
            world.paid({**payment, "out_trade_no": number})
            await world.merchant.call("POST", f"/api/v1/payments/{payment['id']}/sync")
        after = await world.merchant.payment(payment)
        assert (after["status"], after["out_trade_no"], books(world)) == ("PAID", number, (100, 100))


@settings(max_examples=20, deadline=None)
@given(turns)
def test_of_two_numbers_that_are_both_paid_one_is_credited_and_one_goes_back(drawn):
    async def story(world: World) -> None:
        lost(world)
        _, payment = await world.merchant.pay()
        numbers = (own_number(payment), payment["out_trade_no"])
        told = [(number, n) for n in range(8) for number in numbers]
        await asyncio.gather(*(world.merchant.notify(payment, order=one, id=f"{one}-{n % 3}") for one, n in told))
        await world.clock.sleep(60)
        await world.gateway.idle()
        [after] = await world.merchant.exported()
        credited, debited = ([entry["amount_fen"] for entry in after[side]] for side in ("credits", "debits"))
        assert (after["status"], credited, debited, after["refunded_fen"]) == ("PAID", [100], [], 0)
        assert (books(world), len(refunds_called(world))) == ((100, 100), 1)
        assert world.store.state.balances["returns:live"] == 0
        assert [event["type"] for event in world.sender.sent] == ["payment.paid"]
        assert world.effects.seen == [("paid", payment["id"])]

    raced(drawn, story)


@pytest.mark.asyncio
async def test_a_second_payment_goes_back_by_its_own_number_and_the_order_can_still_be_refunded():
    async with World() as world:
        lost(world)
        _, payment = await world.merchant.pay()
        await world.merchant.notify(payment)
        await world.merchant.notify(payment, order=own_number(payment), id="another")
        await world.gateway.idle()
        _, refund = await world.merchant.act(payment, "refunds", {"merchant_refund_no": "r", "amount_fen": 100})
        assert refund["status"] == "SUCCEEDED"
        assert (books(world), len(refunds_called(world))) == ((0, 0), 2)


@pytest.mark.asyncio
@pytest.mark.parametrize("tries", [1, 2])
@pytest.mark.parametrize("paid_before", [True, False])
async def test_a_notify_of_a_try_that_was_never_begun_is_about_nobodys_order(tries, paid_before):
    """It is signed well and looks like ours; the true payment of the order is credited, and none goes back."""
    async with World() as world:
        lost(world, tries - 1)
        _, payment = await world.merchant.pay()
        never_begun = number_of_try(own_number(payment), tries + 1)
        if paid_before:
            await world.merchant.notify(payment)
        assert (await world.merchant.notify(payment, order=never_begun, id="strange"))[0] != 200
        await world.merchant.notify(payment, id="true")
        await world.gateway.idle()
        after = await world.merchant.payment(payment)
        assert (after["status"], after["out_trade_no"], books(world)) == ("PAID", payment["out_trade_no"], (100, 100))
        assert not refunds_called(world)
