"""
The crash table: SIGKILL at every named place, each proved to be hit; started again and settled, the money agrees.

A place without a story, or one that its story does not pass, fails here.
"""

import asyncio
import signal
from datetime import date, timedelta

import pytest

from harness.verdict import Verdict
from reference_gateway.crash import PLACES
from tests.contract.test_gateway_process import COMPARISONS
from tests.processes.crash_world import PATIENCE_S, CrashWorld
from tests.processes.ending_stories import capture_story, reversal_story

pytestmark = pytest.mark.processes


async def payment_story(world: CrashWorld, name: str) -> None:
    """Order, ask, pay, be notified, refund a part; events reach the platform and the stream."""
    payment = await world.paid(world.world.ids.order_no(name), 1000)
    path = f"/api/v1/payments/{payment['id']}/refunds"
    refund = await world.call("POST", path, {"merchant_refund_no": f"r-{name}", "amount_fen": 300})
    await world.ended_well(f"{path}/{refund['id']}")


async def live_story(world: CrashWorld, name: str) -> None:
    """Fill a wallet, tip from it, give two red packets: one is claimed and paid out, one runs out."""
    buyer = f"b-{name}"
    await world.merchant.call("POST", "/api/v1/rooms", {"id": "r1", "streamer_id": "s1", "title": "room"})
    await world.paid(f"top-{name}", 1000, purpose="topup", buyer_id=buyer)
    wallet = {"channel": "wallet", "product": "balance", "buyer_id": buyer, "room_id": "r1"}
    _, tip = await world.merchant.pay(f"tip-{name}", 100, purpose="tip", **wallet)
    assert tip["status"] == "PAID", tip
    packet = {"amount_fen": 100, "count": 1, **wallet}
    lost = await world.call("POST", "/api/v1/red-packets", {"packet_no": f"lost-{name}", **packet})
    given = await world.call("POST", "/api/v1/red-packets", {"packet_no": f"given-{name}", **packet})
    status, _ = await world.merchant.call("POST", f"/api/v1/red-packets/{given['id']}/claims", {"claimant_id": "c"})
    if status < 400:
        body = {"merchant_payout_no": f"po-{name}", "packet_id": given["id"], "claimant_id": "c", "channel": "alipay"}
        payout = await world.call(
            "POST", "/api/v1/payouts", {**body, "account": "a@b.example", "account_name": "沙箱用户"}
        )
        await world.ended_well(f"/api/v1/payouts/{payout['id']}")
    async with asyncio.timeout(PATIENCE_S):
        while (await world.call("GET", f"/api/v1/red-packets/{lost['id']}"))["status"] == "OPEN":
            await world.moment()


async def end_story(world: CrashWorld, name: str) -> None:
    """Order and think better of it: the trade is ended at the channel, then here."""
    _, payment = await world.merchant.pay(world.world.ids.order_no(name), 700)
    async with asyncio.timeout(PATIENCE_S):
        while payment["status"] == "PENDING":
            await world.moment()
            await world.merchant.call("POST", f"/api/v1/payments/{payment['id']}/close", {})
            payment = await world.call("GET", f"/api/v1/payments/{payment['id']}")


async def fulfil_story(world: CrashWorld, name: str) -> None:
    """Pay, be sent the goods, confirm."""
    payment = await world.paid(world.world.ids.order_no(name), 800)
    path = f"/api/v1/payments/{payment['id']}"
    if payment["status"] == "PAID":
        await world.call("POST", f"{path}/ship", {"carrier": "SF", "tracking_no": name})
    await world.call("POST", f"{path}/confirm", {})


async def bill_story(world: CrashWorld, name: str) -> None:
    """Compare the bill of a day that is over."""
    day = date(2026, 1, 1) + timedelta(days=int(name.removeprefix("pp")))
    await world.call("POST", "/api/v1/reconciliations", {"channel": "alipay", "day": day.isoformat()})


AUDITED = (payment_story, end_story, fulfil_story)
STORIES = {
    "progress": payment_story,
    "end": end_story,
    "fulfil": fulfil_story,
    "reversal": reversal_story,
    "capture": capture_story,
    "create": payment_story,
    "query": payment_story,
    "notify": payment_story,
    "refund": payment_story,
    "relay": payment_story,
    "stream": payment_story,
    "wallet": live_story,
    "packet": live_story,
    "claim": live_story,
    "payout": live_story,
    "reconcile": bill_story,
}
# Its provider has to have a bill that tells of a payment nobody heard of: tests/contract/test_gateway_process.py.
ELSEWHERE = frozenset({"reconcile.before_settling"})


def flow(place):
    return place.partition(".")[0]


@pytest.fixture(scope="module")
def stage():
    """The world, and the loop that it lives on."""
    with asyncio.Runner() as runner:
        world = CrashWorld()
        runner.run(world.open())
        try:
            yield runner, world
        finally:
            runner.run(world.close())


def test_the_table_is_long_enough_and_every_flow_has_its_story():
    assert len(PLACES) >= 15
    assert len(set(PLACES)) == len(PLACES)
    missing = {place for place in PLACES if STORIES.get(flow(place)) is None}
    assert missing == set(), "write the story that passes these places, and name it in STORIES"
    assert STORIES.keys() == {flow(place) for place in PLACES}, "these stories pass no place"
    assert set(COMPARISONS) >= ELSEWHERE, "killed neither here nor there"


@pytest.mark.parametrize("place", [p for p in PLACES if STORIES.get(flow(p)) is bill_story and p not in ELSEWHERE])
def test_a_comparison_survives_a_kill_at(stage, place):
    runner, world = stage

    async def round_():
        assert await world.die_at(place, bill_story, world.world.ids.next_label()) == -signal.SIGKILL
        await world.live()
        await bill_story(world, world.world.ids.next_label())
        assert await world.sql("SELECT 1 FROM ledger_transactions WHERE kind NOT IN ('payment', 'refund')") == []

    runner.run(round_())


@pytest.mark.parametrize("place", [place for place in PLACES if STORIES.get(flow(place)) in AUDITED])
def test_a_payment_survives_a_kill_at(stage, place):
    runner, world = stage
    story = STORIES[flow(place)]
    assert story is not None

    async def round_():
        name = world.world.ids.next_label()
        assert await world.die_at(place, story, name) == -signal.SIGKILL
        await world.live()
        await story(world, name)
        settled, report = await world.judge()
        assert settled
        assert report.verdict is Verdict.PASS, (report.reasons, report.findings)
        assert (report.lost, report.credited_twice, report.mismatched) == (0, 0, 0)

    runner.run(round_())


def test_every_event_of_those_lives_is_in_the_stream(stage):
    """At least once, first ones in the order of commits, whoever died in between."""
    runner, world = stage

    async def look():
        async with asyncio.timeout(PATIENCE_S):
            while await world.sql("SELECT 1 FROM outbox_to_publish"):
                await world.moment()
        rows = await world.sql("SELECT event_id, subject_id FROM outbox ORDER BY seq")
        return await world.streamed(), rows

    told, rows = runner.run(look())
    assert rows
    first = dict.fromkeys(fields[b"event_id"].decode() for fields in told)
    for subject in {row["subject_id"] for row in rows}:
        ids = [row["event_id"] for row in rows if row["subject_id"] == subject]
        assert [event for event in first if event in ids] == ids
    terms = [int(fields[b"term"]) for fields in told]
    assert terms == sorted(terms)
    # The gateway died between appending and marking once: what it had appended came again.
    assert len(told) > len(first)
