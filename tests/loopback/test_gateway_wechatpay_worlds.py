"""
The bundled gateway over both of WeChat Pay's channels, in worlds of virtual time: one fault at a time, and at the end
every fen is where it belongs.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from harness.audit import AuditReport
from harness.gather import audit_world
from harness.history import History
from harness.ids import Ids
from harness.sut.contract import NewPayment, Outcome, Payment, Reply
from harness.traffic import Traffic, TrafficPlan
from harness.verdict import Verdict
from harness.world.in_process import InProcessPlan, InProcessWorld
from harness.world.virtual_loop import VirtualLoop

Told = TypeVar("Told")

CHANNELS = ("wechatpay_v3", "wechatpay_v2")
PAYMENTS = 3
PATIENCE_S = 10 * 86_400
PROFILES = Path(__file__).parents[2] / "scenarios" / "profiles"

# Each strikes the first call of every kind for each order, or the first notify.
REPLIES: dict[str, dict[str, Any]] = {
    "delay": {"seconds": 2},
    "slow_drip": {"seconds": 1},
    "timeout_after": {},
    "timeout_before": {},
    "reset_after": {},
    "reset_before": {},
    "http_error": {"status": 502, "work": True},
    "system_error": {"work": True},
    "busy": {},
    "bad_signature": {},
    "wrong_key": {},
    "unsigned": {},
    "truncated": {},
    "malformed_body": {},
    "signature_probe": {},
    "stale_timestamp": {"seconds": 7200},
    "clock_skew": {"seconds": 420},
    "certificate_rotation": {},
    "other_spelling": {},
    "before_response": {"patience_s": 1},
}
NOTIFIES: dict[str, dict[str, Any]] = {
    "duplicate": {"copies": 3},
    "delay": {"seconds": 60},
    "drop": {},
    "drop_all": {},
    "forged_signature": {},
    "signature_probe": {},
    "wrong_key": {},
    "stale_timestamp": {"seconds": 7200},
    "clock_skew": {"seconds": 420},
    "tampered_amount": {"add_fen": 100, "signed": True},
    "wrong_recipient": {"which": "merchant"},
    "unknown_order": {},
    "replayed_notify": {"after_s": 7200},
    "certificate_rotation": {},
    "extra_fields": {},
    "other_spelling": {},
    "ack_ignored": {},
    "slow_reading": {"seconds": 1},
    "reorder": {"behind": 1, "hold_s": 5},
    "refund_before_payment": {"hold_s": 30},
}
# The XML API has neither stamps nor certificates.
NOT_IN_V2 = {"stale_timestamp", "clock_skew", "certificate_rotation"}


def pairs(faults: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    """
    Which fault is met over which channel.
    """
    return [
        (channel, fault) for fault in faults for channel in CHANNELS if channel == CHANNELS[0] or fault not in NOT_IN_V2
    ]


async def insisted(world: InProcessWorld, ask: Any, good: Any) -> Reply[Any]:
    for wait_s in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        reply: Reply[Any] = await ask()
        if good(reply):
            return reply
        await world.advance(wait_s)
    return reply


async def story(world: InProcessWorld, channel: str, number: int) -> None:
    """
    A buyer orders, pays, and gets a part back.
    """
    label = world.ids.label(number)
    wanted = NewPayment(
        merchant_order_no=world.ids.order_no(label), amount_fen=500 + number, subject=f"tip {label}", channel=channel
    )
    opened = await insisted(
        world, lambda: world.gateway.create(wanted), lambda reply: reply.value and reply.value.qr_code
    )
    assert opened.value is not None
    await world.control.qr(opened.value.qr_code)
    paid: Reply[Payment] = await insisted(
        world, lambda: world.gateway.get(opened.value.id), lambda reply: reply.value and reply.value.status == "PAID"
    )
    assert paid.value is not None
    refunded = await world.gateway.refund(
        opened.value.id, merchant_refund_no=world.ids.refund_no(label, 1), amount_fen=100 + number
    )
    assert refunded.outcome is Outcome.OK


async def played(credentials: Path, channel: str, rule: dict[str, Any]) -> tuple[AuditReport, int]:
    world = await InProcessWorld.open(InProcessPlan(credentials=credentials, ids=Ids(7, run_nonce="wechat")))
    try:
        await world.control.put_faults([rule])
        history = History(world.clock, real=world.clock)
        await asyncio.gather(*(story(world, channel, number) for number in range(1, PAYMENTS + 1)))
        assert await world.settle(patience_s=PATIENCE_S)
        report = await audit_world(world, ours=lambda _: True, history=history, seed=7)
        return report, len([one async for one in world.control.decisions()])
    finally:
        await world.close()


async def weathered(credentials: Path, profile: str) -> AuditReport:
    plan = InProcessPlan(credentials=credentials, ids=Ids(11, run_nonce="weather"), faults=PROFILES / f"{profile}.yaml")
    world = await InProcessWorld.open(plan)
    try:
        history = History(world.clock, real=world.clock)
        await Traffic(world, TrafficPlan(payments=30, channels=CHANNELS), history=history).run()
        assert await world.settle(patience_s=PATIENCE_S)
        return await audit_world(world, ours=lambda _: True, history=history, seed=11)
    finally:
        await world.close()


def play(told: Coroutine[Any, Any, Told]) -> Told:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(told)


def require_right(report: AuditReport) -> None:
    assert (report.verdict, report.findings, report.reasons) == (Verdict.PASS, (), ())
    assert (report.payments, report.paid, report.refunded) == (PAYMENTS, PAYMENTS, PAYMENTS)
    assert (report.lost, report.credited_twice, report.mismatched) == (0, 0, 0)


@pytest.mark.parametrize(("channel", "fault"), pairs(REPLIES))
def test_an_answer_goes_wrong_and_the_money_is_right(credentials_dir, channel, fault):
    where = {"provider": "wechatpay", "on": "reply", "first": 1}
    rule = {"id": fault, "fault": fault, "where": where, "with": REPLIES[fault]}

    report, struck = play(played(credentials_dir, channel, rule))

    require_right(report)
    assert struck >= PAYMENTS


@pytest.mark.parametrize(("channel", "fault"), pairs(NOTIFIES))
def test_a_notify_goes_wrong_and_the_money_is_right(credentials_dir, channel, fault):
    where = {"provider": "wechatpay", "on": "notify", "api": "payment", "first": 1}
    rule = {"id": fault, "fault": fault, "where": where, "with": NOTIFIES[fault]}

    report, struck = play(played(credentials_dir, channel, rule))

    require_right(report)
    assert struck >= PAYMENTS


@pytest.mark.parametrize("profile", ["calm", "flaky", "storm"])
def test_both_channels_weather_a_profile(credentials_dir, profile):
    report = play(weathered(credentials_dir, profile))

    assert (report.verdict, report.findings, report.reasons) == (Verdict.PASS, (), ())
    assert report.paid >= report.payments // 2
    assert (report.lost, report.credited_twice, report.mismatched) == (0, 0, 0)
