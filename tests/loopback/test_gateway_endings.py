"""
Ends that merchants ask for, over three providers in virtual time: the first call of every kind goes wrong, an order that
nobody paid ends, one that was paid and not told of stays paid, and a code that was charged is taken back.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.gather import audit_world
from harness.ids import Ids
from harness.sut.contract import NewPayment, Payment
from harness.sut.reference import parse_payment
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop

PROVIDERS = {"alipay": "alipay", "wechatpay_v3": "wechatpay", "unionpay_rsa": "unionpay"}
FAULTS: dict[str, dict[str, Any]] = {
    "timeout_after": {},
    "reset_before": {},
    "http_error": {"status": 502, "work": True},
    "bad_signature": {},
}
PATIENCE_S = 10 * 86_400


async def opened(world: InProcessWorld, channel: str, number: int) -> Payment:
    """
    An order whose buyer sees a code, however often the channel had to be asked for it.
    """
    label = world.ids.label(number)
    wanted = NewPayment(
        merchant_order_no=world.ids.order_no(label), amount_fen=700 + number, subject=f"tip {label}", channel=channel
    )
    for wait_s in (1, 2, 4, 8, 16, 32, 64):
        reply = await world.gateway.create(wanted)
        if reply.value is not None and reply.value.qr_code:
            return reply.value
        await world.advance(wait_s)
    raise AssertionError(f"no code for {label}: {reply}")


async def asked_to_end(world: InProcessWorld, payment: Payment, how: str) -> None:
    """
    Ask as a merchant does who was told to come back.
    """
    target = f"/api/v1/payments/{payment.id}/{how}"
    for wait_s in (1, 2, 4, 8, 16, 32):
        reply = await world.gateway._ask("POST", target, parse=parse_payment)
        if reply.status in (200, 409):
            return
        await world.advance(wait_s)


async def standing(world: InProcessWorld, payment: Payment) -> str:
    reply = await world.gateway.get(payment.id)
    assert reply.value is not None
    return str(reply.value.status)


async def story(credentials: Path, channel: str, fault: str, how: str) -> None:
    world = await InProcessWorld.open(InProcessPlan(credentials=credentials, ids=Ids(7, run_nonce="ends")))
    try:
        replies = {"provider": PROVIDERS[channel], "on": "reply", "first": 1}
        untold = {"provider": PROVIDERS[channel], "on": "notify", "order": world.ids.label(2)}
        await world.control.put_faults(
            [
                {"id": fault, "fault": fault, "where": replies, "with": FAULTS[fault]},
                {"id": "untold", "fault": "drop_all", "where": untold},
            ]
        )
        unpaid, paid, other = [await opened(world, channel, number) for number in (1, 2, 3)]
        for payment in (paid, other):
            await world.control.qr(payment.qr_code or "")
        for payment in (unpaid, paid):
            await asked_to_end(world, payment, how)
        await world.clock.sleep(3600)
        assert await world.settle(patience_s=PATIENCE_S)
        ended = {"close": "CLOSED", "cancel": "CANCELLED"}[how]
        assert [await standing(world, one) for one in (unpaid, paid, other)] == [ended, "PAID", "PAID"]
        report = await audit_world(world, ours=lambda _: True, seed=7)
        assert (report.verdict, report.findings) == (Verdict.PASS, ())
        assert (report.lost, report.credited_twice, report.mismatched) == (0, 0, 0)
    finally:
        await world.close()


@pytest.mark.parametrize("how", ["close", "cancel"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("channel", PROVIDERS)
def test_an_end_is_the_channels_and_a_payment_outlives_it(credentials_dir, channel, fault, how):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(story(credentials_dir, channel, fault, how))
