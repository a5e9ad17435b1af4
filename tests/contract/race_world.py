"""
Two gateway processes on one database with a provider beside them, for races: a few rounds in the suite, many in `make long`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import asyncpg
from aiohttp import web

from harness.world.postgres import provide_postgres
from harness.world.supervisor import Supervisor
from tests.contract.live_rounds import LiveOutside, LiveRaces
from tests.contract.payment_rounds import PaymentRaces, RacingOutside
from tests.contract.test_gateway_process import running
from tests.unit.reference_gateway.support import APP


@asynccontextmanager
async def served(outside: LiveOutside, folder: Path) -> AsyncIterator[str]:
    """The provider and the app's end behind one port, and the file of apps that names it."""
    application = web.Application()
    application.router.add_post("/gateway.do", outside.provider)
    application.router.add_post("/webhook", outside.webhook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    (folder / "apps.json").write_text(json.dumps([{**APP.model_dump(), "webhook_url": f"{url}/webhook"}]))
    try:
        yield url
    finally:
        await runner.cleanup()


async def balances(connect: Callable[[], Any]) -> dict[str, int]:
    """What is in each account, from the entries themselves; the stored balances must say the same."""
    connection = await connect()
    try:
        entered = await connection.fetch(
            "SELECT a.name, coalesce(sum(e.amount_fen), 0) * a.normal_sign AS fen FROM ledger_accounts AS a "
            "LEFT JOIN ledger_entries AS e ON e.account = a.name GROUP BY a.name, a.normal_sign"
        )
        kept = await connection.fetch(
            "SELECT a.name, a.balance_fen + coalesce((SELECT sum(u.amount_fen) FROM ledger_unfolded AS u "
            "WHERE u.account = a.name), 0) AS fen FROM ledger_accounts AS a"
        )
    finally:
        await connection.close()
    found = {row["name"]: int(row["fen"]) for row in entered}
    assert found == {row["name"]: int(row["fen"]) for row in kept}
    assert min(found.values()) >= 0
    return {name: fen for name, fen in found.items() if fen}


def balanced(held: dict[str, int]) -> bool:
    """Whether what the channel holds is what everybody is owed, and nothing else."""
    return held.get("channel:alipay") == sum(fen for name, fen in held.items() if not name.startswith("channel:"))


class RaceWorld:
    """Two gateways, and what races between them in a round."""

    def __init__(self, folder: Path) -> None:
        self._stack = AsyncExitStack()
        self._folder = folder
        self._connect: Callable[[], Any]
        self.payments: PaymentRaces
        self.live: LiveRaces

    async def open(self, sockets: str = "") -> Self:
        """Start everything, on a PostgreSQL of its own unless the *sockets* of one are given."""
        enter = self._stack.enter_async_context
        if not sockets:
            supervisor = await enter(Supervisor(self._folder / "logs"))
            sockets = (await provide_postgres(supervisor, self._folder / "pg")).url.partition("host=")[2]
        self._connect = partial(asyncpg.connect, user="postgres", database="postgres", host=sockets)
        outside = RacingOutside()
        database = f"postgresql+asyncpg://postgres@/postgres?host={sockets}"
        url = await enter(served(outside, self._folder))
        one = await enter(running(database, url, self._folder))
        two = await enter(running(database, url, self._folder))
        self.payments, self.live = PaymentRaces(one, two, outside), LiveRaces(one, two, outside)
        return self

    async def close(self) -> None:
        await self._stack.aclose()

    async def books_agree(self) -> bool:
        return balanced(await balances(self._connect))

    async def round(self, number: int) -> dict[str, Any]:
        """Everything that races, and the books after it."""
        payments = await self.payments.round(number)
        live = await self.live.round(number)
        books = await self.books_agree()
        repeated = self.payments.repeated()
        told = {"repeated": repeated} if repeated else {}
        return {**live, **payments, "ok": payments["ok"] and live["ok"] and books, "books": books, **told}


def play(folder: Path, rounds: list[int]) -> Any:
    """Yield what each round has shown, on one world."""
    with asyncio.Runner() as runner:
        world = RaceWorld(folder)
        try:
            runner.run(world.open())
            for number in rounds:
                yield runner.run(world.round(number))
        finally:
            runner.run(world.close())
