"""
A world whose gateway is told where to die: forked for each place, run through a story, started again, settled, judged.
"""

import asyncio
import dataclasses
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import orjson
from redis.asyncio import Redis

from harness.clock import SystemClock
from harness.gather import audit_world, settle_world
from harness.history import History
from harness.ids import Ids
from harness.world.fork_launcher import ForkLauncher
from harness.world.home import Home
from harness.world.processes import ProcessesPlan, ProcessesWorld
from reference_gateway.apps import App
from reference_gateway.streams.redis_stream import STREAM
from tests.keys import copy_keys
from tests.unit.reference_gateway.support import Merchant

PATIENCE_S = 60.0
# Between two questions about what takes its time: whoever asks without a pause takes the time from those who work.
LOOK_S = 0.02
QUICK = {
    "GATEWAY_RED_PACKET_TTL_S": "1",
    "GATEWAY_LEASE_S": "3",
    "GATEWAY_CHANNEL_TIMEOUT_S": "2",
    "GATEWAY_WEBHOOK_TIMEOUT_S": "2",
    "GATEWAY_LEADER_BEAT_S": "0.1",
    "GATEWAY_LEADER_STALE_S": "2",
    "GATEWAY_WEBHOOK_RETRY_S": "[0.2, 0.5, 1]",
}

Story = Callable[["CrashWorld", str], Awaitable[None]]


class CrashWorld:
    """One simulator, one database, and a gateway that lives many lives."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pp-crash-"))
        self.folder.chmod(0o755)
        self.world: ProcessesWorld
        self.http: aiohttp.ClientSession
        self.merchant: Merchant

    async def open(self) -> None:
        home = Home(self.folder / "home")
        copy_keys(home.folder / "credentials")
        home.__enter__()
        self._home = home
        plan = ProcessesPlan(
            home=home,
            run_dir=self.folder / "run",
            ids=Ids(7),
            launcher=lambda supervisor: ForkLauncher.open(supervisor, ["reference_gateway"]),
            gateway_env=QUICK,
        )
        (self.folder / "run").mkdir()
        self.world = await ProcessesWorld.open(plan)
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S))
        apps = home.folder / "gateway" / "apps.json"
        [app] = orjson.loads(apps.read_bytes())
        # From its next life on the gateway lets this app compare bills.
        app["operator"] = True
        apps.write_bytes(orjson.dumps([app]))
        clock: Any = SystemClock()
        self.merchant = Merchant(self.http, self.world.urls["gateway"], clock, app=App(**app))

    async def close(self) -> None:
        await self.http.close()
        await self.world.close()
        self._home.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    async def live(self, crash_point: str = "") -> None:
        """Begin another life, which ends at *crash_point* when that is passed."""
        process = self.world.supervisor["gateway"]
        env = {**(process.spec.env or {}), "GATEWAY_CRASH_POINT": crash_point}
        process.spec = dataclasses.replace(process.spec, env=env)
        await self.world.supervisor.restart("gateway")
        self.merchant.url = str(process.ready["url"])

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.world.supervisor["gateway"].wait()

    async def die_at(self, place: str, story: Story, name: str) -> int:
        """Play the story until the gateway dies; how it ended."""
        await self.live(place)
        with suppress(aiohttp.ClientError):
            await story(self, name)
        return await self.ended()

    async def judge(self) -> Any:
        """Let the dust settle and audit everything since the book began."""
        settled = await settle_world(self.world, patience_s=PATIENCE_S)
        history = History(SystemClock())
        report = await audit_world(self.world, ours=self.world.ids.ours, history=history)
        history.close()
        return settled, report

    async def sql(self, question: str) -> Any:
        sockets = self.world._parts.database_url.partition("host=")[2]
        connection = await asyncpg.connect(user="postgres", database="postgres", host=sockets)
        try:
            return await connection.fetch(question)
        finally:
            await connection.close()

    async def streamed(self) -> list[dict[bytes, bytes]]:
        """Everything in the Redis Stream, in order."""
        redis = Redis.from_url(self.world._parts.redis_url)
        try:
            rows: Any = await redis.xrange(STREAM)
            return [fields for _, fields in rows]
        finally:
            await redis.aclose()

    # What merchants and buyers do; all of it may be repeated.

    async def moment(self) -> None:
        """Let the others get on before the next question."""
        await self.merchant.clock.sleep(LOOK_S)

    async def call(self, method: str, target: str, body: Any = None) -> Any:
        status, answer = await self.merchant.call(method, target, body)
        assert status < 400, (target, status, answer)
        return answer

    async def paid(self, number: str, amount_fen: int, **more: Any) -> Any:
        """Order by QR, let the channel be asked, pay it at the cashier, wait until the gateway knows."""
        payment = await self._opened(number, amount_fen, more)
        await self.call("POST", f"/api/v1/payments/{payment['id']}/sync")
        if payment["status"] == "PENDING":
            with suppress(Exception):  # paid in the life before this one
                await self.world.control.qr(payment["pay_params"]["qr_code"])
        async with asyncio.timeout(PATIENCE_S):
            while payment["status"] == "PENDING":
                await self.moment()
                payment = await self.call("POST", f"/api/v1/payments/{payment['id']}/sync")
        return payment

    async def _opened(self, number: str, amount_fen: int, more: Any) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                status, payment = await self.merchant.pay(number, amount_fen, **more)
                assert status in (200, 201, 202), payment
                if payment["pay_params"] is not None:
                    return payment
                await self.moment()

    async def ended_well(self, target: str) -> Any:
        """Read something until it has come to its end."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self.call("GET", target)
                if found["status"] in ("SUCCEEDED", "FAILED"):
                    return found
                await self.moment()
