"""
A simulator of several workers as a process, with a merchant's programs beside it.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from mock_providers.core.wire.identities import merchant_folders
from tests.loopback.sandbox import Receiver, Sandbox
from tests.unit.mock_providers.alipay_desk import Merchant

ROOT = Path(__file__).parents[2]


@dataclass
class Shared:
    """
    What a sandbox knows of a simulator that is somewhere else.
    """

    process: asyncio.subprocess.Process | subprocess.Popen[bytes]
    facts: dict[str, Any]

    @property
    def alipay_url(self) -> str:
        return str(self.facts["alipay_url"])

    @property
    def control_url(self) -> str:
        return str(self.facts["control_url"])


@contextlib.contextmanager
def standing_simulator(credentials_dir: Path, *flags: str) -> Iterator[Shared]:
    """
    The same for many tests, which run on loops of their own.
    """
    command = [sys.executable, "-m", "mock_providers", "--credentials-dir", str(credentials_dir), "--seed", "7", *flags]
    env = {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Shared(process, orjson.loads(process.stdout.readline()))
        finally:
            process.terminate()


@asynccontextmanager
async def simulator_process(credentials_dir: Path, *flags: str) -> AsyncIterator[Shared]:
    """
    `python -m mock_providers` with its schedule standing still; ended in good order unless somebody was quicker.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mock_providers", "--credentials-dir", str(credentials_dir)),
        *("--seed", "7", *(() if "--schedule-rate" in flags else ("--schedule-rate", "0")), *flags),
        cwd=ROOT, env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        yield Shared(process, orjson.loads(line))
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@asynccontextmanager
async def shared_sandbox(
    credentials_dir: Path, *flags: str, workers: int, merchants: int
) -> AsyncIterator[list[Sandbox]]:
    """
    A sandbox for each merchant, all of them of one simulator and with one receiver of notifies.
    """
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/notify/alipay", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/notify/alipay"
    sharing = ("--workers", str(workers), "--merchants", str(merchants), *flags)
    try:
        async with (
            simulator_process(credentials_dir, *sharing) as shared,
            aiohttp.ClientSession(trust_env=False) as session,
        ):
            yield [
                Sandbox(shared, Merchant(folder), receiver, session)  # type: ignore[arg-type]  # urls are all it takes
                for folder in merchant_folders(credentials_dir, merchants)
            ]
    finally:
        await runner.cleanup()
