"""
Rounds of kill -9 against `payproof up`: a few in the suite, many in the long hunts.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Self

import aiohttp
import orjson

from harness.clock import SystemClock
from harness.ids import Ids
from harness.sut.contract import NewPayment, Outcome
from harness.sut.reference import MerchantApp, ReferenceGateway
from tests.processes.command import Up

READY_S = 90.0
LOOK_S = 0.02
EVERYBODY = {"postgres", "redis", "simulator", "gateway"}


def kill_up(home: Path) -> None:
    """One round: it serves, it is killed, nothing is left."""
    with Up(home).serving() as up:
        assert set(up.servers()) == EVERYBODY
        assert up.end(signal.SIGKILL) == -signal.SIGKILL


class PostmasterRounds:
    """One `payproof up` whose postmaster is killed in every round; at the end it stops in good order."""

    def __init__(self, home: Path) -> None:
        self._up = Up(home)
        self._payments: list[str] = []

    def __enter__(self) -> Self:
        self._up.serving()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._up as up:
            if kind is None:
                assert up.end(signal.SIGTERM) == 0
                assert up.complaints == ""

    async def round(self) -> None:
        """Every payment so far is still there after one more kill -9."""
        up = self._up
        self._payments.append(await create(up, f"pp{len(self._payments) + 1:06}"))
        postmaster = up.servers()["postgres"]
        os.kill(postmaster, signal.SIGKILL)
        said = up.line("postgres")
        assert f"(process {postmaster}) was ended by signal 9, and runs again as process" in said
        await ready(up)
        assert [await amount_of(up, payment) for payment in self._payments] == [990] * len(self._payments)


def merchant(up):
    (app,) = orjson.loads((up.home / "gateway" / "apps.json").read_bytes())
    return ReferenceGateway(
        up.where("reference gateway"),
        app=MerchantApp(app_id=app["app_id"], secret=app["secret"]),
        clock=SystemClock(),
        ids=Ids(1),
    )


async def create(up, label):
    gateway = merchant(up)
    try:
        reply = await gateway.create(
            NewPayment(merchant_order_no=f"{label}-up", amount_fen=990, subject=f"tip {label}")
        )
    finally:
        await gateway.close()
    assert reply.outcome is Outcome.OK
    return reply.value.id


async def amount_of(up, payment):
    gateway = merchant(up)
    try:
        reply = await gateway.get(payment)
    finally:
        await gateway.close()
    assert reply.outcome is Outcome.OK, reply
    return reply.value.amount_fen


async def ready(up):
    """Come back when the gateway says that it is ready."""
    async with asyncio.timeout(READY_S), aiohttp.ClientSession() as client:
        while not await _is_ready(client, up.where("reference gateway") + "/readyz"):
            await SystemClock().sleep(LOOK_S)


async def _is_ready(client, url):
    try:
        async with client.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False
