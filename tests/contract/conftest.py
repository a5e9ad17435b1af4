"""One PostgreSQL and one Redis for the whole session, an empty schema for each test that wants one."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from harness.world.postgres import provide_postgres
from harness.world.redis_server import provide_redis
from harness.world.supervisor import Supervisor
from reference_gateway.store.memory_unit_of_work import MemoryStore
from reference_gateway.store.sql_store import SqlStore

Connect = Callable[[], Awaitable[asyncpg.Connection]]


@dataclass
class Servers:
    """Both servers, and the loop of their own that watches them."""

    runner: asyncio.Runner
    sockets: str
    redis_url: str


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    folder = Path(tempfile.mkdtemp(prefix="pp-contract-"))
    folder.chmod(0o711)
    stack = AsyncExitStack()

    async def start() -> tuple[str, str]:
        supervisor = await stack.enter_async_context(Supervisor(folder / "logs"))
        database = await provide_postgres(supervisor, folder / "pg")
        redis = await provide_redis(supervisor, folder / "redis")
        return database.url.partition("host=")[2], redis.url

    with asyncio.Runner() as runner:
        try:
            yield Servers(runner, *runner.run(start()))
        finally:
            runner.run(stack.aclose())
            shutil.rmtree(folder)


@pytest.fixture
def database_url(servers: Servers) -> str:
    """The database, empty: a fresh schema is five times cheaper than a fresh database."""

    async def empty() -> None:
        connection = await asyncpg.connect(user="postgres", database="postgres", host=servers.sockets)
        try:
            await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        finally:
            await connection.close()

    servers.runner.run(empty())
    return f"postgresql+asyncpg://postgres@/postgres?host={servers.sockets}"


@pytest.fixture
def redis_url(servers: Servers) -> str:
    return servers.redis_url


@pytest.fixture(params=["memory", "postgresql"])
def closed_store(request: pytest.FixtureRequest) -> Any:
    """Each store behind the port, before it is opened."""
    if request.param == "memory":
        return MemoryStore()
    return SqlStore(request.getfixturevalue("database_url"))


@pytest_asyncio.fixture
async def store(closed_store: Any) -> AsyncIterator[Any]:
    """Each store behind the port, open."""
    await closed_store.open()
    try:
        yield closed_store
    finally:
        await closed_store.close()


@pytest.fixture
def connect(database_url: str) -> Connect:
    """Open a bare connection to the test's database."""
    name, _, sockets = database_url.partition("@/")[2].partition("?host=")

    async def opened() -> asyncpg.Connection:
        return await asyncpg.connect(user="postgres", database=name, host=sockets)

    return opened
