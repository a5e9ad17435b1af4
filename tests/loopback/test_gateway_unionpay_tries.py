"""
A UnionPay code whose text was lost: the order is opened under another number, and two payments of it are one credit.
"""

from typing import Any

import pytest

from harness.sut.contract import Payment
from harness.verdict import Verdict
from reference_gateway.domain.tries import order_and_try
from tests.loopback.test_gateway_unionpay_money import OPENING, Story, told

CHANNEL = "unionpay_rsa"
LOST = [("timeout_after", {"hold_s": 30}), ("reset_after", {}), ("unsigned", {})]


async def lost(it: Story, fault: str = "timeout_after", **more: Any) -> None:
    await it.strike(fault, **more, where={"api": OPENING, "first": 1})


async def retried(it: Story, product: str = "qr") -> tuple[Payment, dict[str, str], str]:
    """
    Open the first order, wait until there is something to pay with, and say under which number it was opened first.
    """
    payment = await it.open(1, product)
    params = await it.params(payment)
    return payment, params, order_and_try((await it.now(payment)).out_trade_no)[0]


async def kept_the_first(it: Story, payment: Payment, pair: tuple[str, str]) -> None:
    """
    The payment under the first number stands, the one under the second went back.
    """
    trades = [await it.world.control.trade("unionpay", one) for one in pair]
    assert [(trade.paid_fen, trade.refunded_fen) for trade in trades] == [(990, 0), (990, 990)]
    after = await it.now(payment)
    assert (after.status, after.out_trade_no, after.refunded_fen) == ("PAID", pair[0], 0)
    assert await it.verdict() == (Verdict.PASS, ())


@pytest.mark.parametrize("product", ["qr", "app"])
@pytest.mark.parametrize(("fault", "more"), LOST)
def test_the_buyer_of_a_lost_opening_can_pay_in_the_end(credentials_dir, fault, more, product):
    async def story(it: Story) -> None:
        await lost(it, fault, **more)
        payment, params, number = await retried(it, product)
        await it.world.control.qr(params.get("qr_code") or params["tn"])
        await it.settled()
        after = await it.now(payment)
        assert (after.status, after.out_trade_no) == ("PAID", f"{number}T2")
        assert (await it.give_back(payment)).value is not None
        await it.settled()
        assert (await it.now(payment)).refunded_fen == 400
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, CHANNEL, story)


@pytest.mark.parametrize("first", ["given up", "latest"])
def test_when_both_numbers_are_paid_one_is_credited_and_the_other_goes_back(credentials_dir, first):
    async def story(it: Story) -> None:
        await lost(it, hold_s=30)
        payment, _, number = await retried(it)
        pair = (number, f"{number}T2") if first == "given up" else (f"{number}T2", number)
        for one in pair:
            await it.world.control.buyer("unionpay", one, action="pay")
            await it.world.clock.sleep(5)
        await it.world.clock.sleep(600)
        await it.settled()
        await kept_the_first(it, payment, pair)

    told(credentials_dir, CHANNEL, story)


def test_a_number_that_was_given_up_is_asked_about_when_no_notify_comes(credentials_dir):
    async def story(it: Story) -> None:
        await lost(it, hold_s=30)
        await it.strike("drop_all", where={"on": "notify"})
        payment, _, number = await retried(it)
        await it.buy(2)
        await it.world.control.buyer("unionpay", number, action="pay")
        await it.world.clock.sleep(3600)
        await it.settled()
        assert ((await it.now(payment)).status, (await it.now(payment)).out_trade_no) == ("PAID", number)
        assert await it.verdict() == (Verdict.PASS, ())

    told(credentials_dir, CHANNEL, story)


@pytest.mark.parametrize("first", ["given up", "latest"])
def test_a_second_payment_that_nobody_was_told_of_goes_back_when_its_time_is_over(credentials_dir, first):
    async def story(it: Story) -> None:
        await lost(it, hold_s=30)
        await it.strike("drop_all", where={"on": "notify"})
        payment, _, number = await retried(it)
        await it.buy(2)
        pair = (number, f"{number}T2") if first == "given up" else (f"{number}T2", number)
        await it.world.control.buyer("unionpay", pair[0], action="pay")
        await it.world.clock.sleep(300)
        assert (await it.now(payment)).status == "PAID"
        await it.world.control.buyer("unionpay", pair[1], action="pay")
        await it.world.clock.sleep(3600)
        await it.settled()
        await kept_the_first(it, payment, pair)

    told(credentials_dir, CHANNEL, story)
