"""Three gateways behind one port: one leads, another takes over when it is killed or paused, and no payment is lost."""

import asyncio
import dataclasses

import pytest

from harness.verdict import Verdict
from tests.processes.crash_world import PATIENCE_S, CrashWorld

pytestmark = pytest.mark.processes
TAKEOVER_S = 30.0
NAMES = ("gateway", "gateway-2", "gateway-3")
LEADER = "SELECT holder, token, pid FROM leaders WHERE role = 'stream-relay'"


async def leader_after(world: CrashWorld, token: int) -> int:
    """Wait for a term later than *token*; its token."""
    async with asyncio.timeout(TAKEOVER_S):
        while True:
            rows = await world.sql(LEADER)
            if rows and rows[0]["token"] > token:
                return int(rows[0]["token"])
            await world.moment()


async def three(world: CrashWorld) -> None:
    """Start all behind the port of the first."""
    supervisor = world.world.supervisor
    first = supervisor["gateway"]
    port = world.world.urls["gateway"].rpartition(":")[2]
    env = {**(first.spec.env or {}), "GATEWAY_PORT": port, "GATEWAY_REUSE_PORT": "true", "GATEWAY_OPS_PORT": "0"}
    first.spec = dataclasses.replace(first.spec, env=env)
    await supervisor.restart("gateway")
    for name in NAMES[1:]:
        await supervisor.start(dataclasses.replace(first.spec, name=name), launcher=first._launcher)


async def leading(world: CrashWorld) -> str:
    """Which of the processes leads, as its own figures say."""
    for name in NAMES:
        url = world.world.supervisor[name].ready["ops_url"]
        async with world.http.get(f"{url}/metrics") as answer:
            if 'gateway_leader{role="stream-relay"} 1.0' in await answer.text():
                return name
    return ""


async def pay_some(world: CrashWorld, count: int) -> None:
    ids = world.world.ids
    for _ in range(count):
        await world.paid(ids.order_no(ids.next_label()), 500)


def test_a_killed_leader_is_followed_in_time_and_nothing_is_lost():
    async def story():
        world = CrashWorld()
        await world.open()
        try:
            await three(world)
            loop = asyncio.get_running_loop()
            token = await leader_after(world, 0)
            async with asyncio.timeout(PATIENCE_S):
                while not (name := await leading(world)):
                    await world.moment()
            await pay_some(world, 3)
            [before] = await world.sql(LEADER)
            began_s = loop.time()
            await world.world.supervisor.kill(name)
            later = await leader_after(world, before["token"])
            took_s = loop.time() - began_s
            assert later > token
            await world.world.supervisor.restart(name)
            await pay_some(world, 3)
            settled, report = await world.judge()
            assert settled
            assert report.verdict is Verdict.PASS, (report.reasons, report.findings)
            return took_s
        finally:
            await world.close()

    took_s = asyncio.run(story())
    assert took_s < TAKEOVER_S
