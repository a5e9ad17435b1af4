"""PostgreSQL and Redis of pinned versions, in containers; without an engine every test here says why it was skipped."""

import shutil
import subprocess
from collections.abc import Iterator

import asyncpg
import pytest
import pytest_asyncio
from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.config import ConnectionMode, testcontainers_config

from reference_gateway.store.sql_store import SqlStore

IMAGES = ("postgres:15", "redis:7")
PULL_S = 60.0


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
def postgres_url(engine) -> Iterator[str]:
    with PostgresContainer("postgres:15", driver="asyncpg") as container:
        yield container.get_connection_url()


@pytest.fixture(scope="session")
def redis_url(engine) -> Iterator[str]:
    with RedisContainer("redis:7") as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


async def emptied(url: str) -> str:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    finally:
        await connection.close()
    return url


@pytest_asyncio.fixture
async def database_url(postgres_url) -> str:
    return await emptied(postgres_url)


@pytest_asyncio.fixture
async def store(database_url):
    made = SqlStore(database_url)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
