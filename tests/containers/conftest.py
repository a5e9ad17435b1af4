"""PostgreSQL and Redis of pinned versions, in containers; without an engine every test here says why it was skipped."""

import asyncio
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import asyncpg
import pytest
import pytest_asyncio
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.config import ConnectionMode, testcontainers_config

from reference_gateway.store.sql_store import SqlStore

IMAGES = ("postgres:15", "redis:7")
PULL_S = 60.0
MIGRATED = "migrated"


def docker(*argv: str, timeout_s: float) -> bool:
    """Whether the engine did it, in time."""
    try:
        done = subprocess.run(["docker", *argv], check=False, capture_output=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def why_not() -> str | None:
    """Why there can be no containers here; None when there can."""
    if shutil.which("docker") is None:
        return "no docker command here"
    if not docker("info", timeout_s=20):
        return "no container engine answers"
    for image in IMAGES:
        if not docker("image", "inspect", image, timeout_s=20) and not docker("pull", image, timeout_s=PULL_S):
            return f"the engine has no image {image} and cannot pull it"
    return None


@pytest.fixture(scope="session")
def engine() -> None:
    reason = why_not()
    if reason is not None:
        pytest.skip(f"{reason}: the same suites ran over the embedded servers")
    # Nothing of testcontainers' own runs beside ours, and the traffic stays on this machine.
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.connection_mode_override = ConnectionMode.docker_host


@pytest.fixture(scope="session")
def servers(engine) -> Iterator[tuple[PostgresContainer, RedisContainer]]:
    """
    One container of each for all tests.

    They are killed and not stopped, for nothing in them is worth a goodbye, and the engine removes what is left.
    """
    made = PostgresContainer("postgres:15", driver="asyncpg"), RedisContainer("redis:7")
    with ExitStack() as stack:
        for container in made:
            container.with_kwargs(auto_remove=True).start()
            stack.callback(container.get_wrapped_container().kill)
        yield made


@pytest.fixture(scope="session")
def postgres_url(servers) -> str:
    return str(servers[0].get_connection_url())


@pytest.fixture(scope="session")
def redis_url(servers) -> str:
    container = servers[1]
    return f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


@pytest.fixture(scope="session")
def names() -> Iterator[str]:
    """Names for databases."""
    return (f"case_{number}" for number in itertools.count())


async def made_from(url: str, name: str, template: str) -> str:
    """Make a database that is a copy of another; return its address."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    finally:
        await connection.close()
    return f"{url.rpartition('/')[0]}/{name}"


@pytest.fixture(scope="session")
def migrated_url(postgres_url) -> str:
    """A database that the migrations have made, all of them; nobody works in it, it is copied."""

    async def migrated() -> str:
        url = await made_from(postgres_url, MIGRATED, "template1")
        store = SqlStore(url)
        await store.open()
        await store.close()
        return url

    return asyncio.run(migrated())


@pytest_asyncio.fixture
async def database_url(migrated_url, names) -> str:
    return await made_from(migrated_url.rpartition("/")[0] + "/postgres", next(names), MIGRATED)


@pytest_asyncio.fixture
async def store(database_url):
    made = SqlStore(database_url)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
