"""kill -9, SIGTERM and Ctrl-C of a command that runs PostgreSQL, Redis and a server: nothing is left, all starts again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.processes.helpers import (
    NOBODY,
    REPO,
    as_nobody,
    mentioning,
    nobody,
    open_folder,
    tree,
    wait_gone,
    why_not_nobody,
)

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see who is alive"),
]
ROUNDS = 20


class Sandbox:
    """One run of the command."""

    def __init__(self, home: Path, *options: str, ordinary: bool = False) -> None:
        command = [sys.executable, "-m", "tests.processes.sandbox", str(home), *options]
        self.process = subprocess.Popen(
            as_nobody(command) if ordinary else command,
            cwd=REPO,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, err = self.process.communicate()
            raise AssertionError(err.decode())
        self.said: dict[str, Any] = json.loads(line)
        self.family = tree(self.process.pid)

    def end(self, number: signal.Signals, *, group: bool = False) -> int:
        """Send the signal, wait until the command and all that it started have ended."""
        (os.killpg if group else os.kill)(self.process.pid, number)
        _, err = self.process.communicate()
        wait_gone(self.family)
        assert not err, err.decode()
        return self.process.returncode


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One for all that do not look into it, so that the database is made once; whatever was killed, the next starts."""
    with open_folder() as folder:
        yield folder / "home"


@pytest.fixture
def own_home() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "home"


def test_kill_9_twenty_times_leaves_nothing_and_starts_again(home):
    for round_ in range(ROUNDS):
        sandbox = Sandbox(home)
        assert len(sandbox.family) >= 3, "the sandbox starts all its servers"
        assert sandbox.end(signal.SIGKILL) == -signal.SIGKILL, f"round {round_}"

    assert mentioning(str(home)) == []


@pytest.mark.parametrize("paused", ["", "postgres", "redis", "toy"])
@pytest.mark.parametrize("tie", ["kernel", "watchdog"])
def test_kill_9_leaves_nothing_by_either_tie_even_paused(home, tie, paused):
    for _ in range(1 if paused else 2):
        Sandbox(home, tie, paused).end(signal.SIGKILL)

    assert mentioning(str(home)) == []


@pytest.mark.parametrize(("number", "group"), [(signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGINT, True)])
def test_a_polite_end_is_clean(home, number, group):
    """Ctrl-C reaches the whole foreground group; the servers must not hear of it before their turn."""
    sandbox = Sandbox(home)

    assert sandbox.end(number, group=group) == 0
    assert mentioning(str(home)) == []
    assert "database system is shut down" in (home / "runs" / "logs" / "postgres.log").read_text()
    assert not list(home.rglob("postmaster.pid"))


def test_a_second_command_in_the_same_home_is_refused(home):
    sandbox = Sandbox(home)
    with pytest.raises(AssertionError, match=f"HomeBusyError.*process {sandbox.process.pid}"):
        Sandbox(home)
    sandbox.end(signal.SIGTERM)


def test_two_homes_run_at_the_same_time(home):
    first, second = Sandbox(home), Sandbox(home.with_name("other"))

    assert first.said["database"] != second.said["database"]
    assert first.said["redis"] != second.said["redis"]
    assert first.end(signal.SIGTERM) == second.end(signal.SIGTERM) == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_what_was_committed_is_there_after_the_next_start(own_home, number):
    async def execute(url: str, *statements: str) -> Any:
        connection = await asyncpg.connect(user="postgres", database="postgres", host=url.partition("host=")[2])
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    sandbox = Sandbox(own_home)
    await execute(sandbox.said["database"], "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7) RETURNING n")
    sandbox.end(number)
    sandbox = Sandbox(own_home)
    kept = await execute(sandbox.said["database"], "SELECT n FROM kept")
    sandbox.end(signal.SIGTERM)

    assert kept == 7


def test_an_ordinary_user_has_the_same():
    reason = why_not_nobody()
    if reason is not None:
        pytest.skip(reason)
    with open_folder(nobody()) as folder:
        for number, code in [(signal.SIGKILL, -9), (signal.SIGKILL, -9), (signal.SIGTERM, 0), (signal.SIGINT, 0)]:
            sandbox = Sandbox(folder / "home", ordinary=True)
            owners = {Path(f"/proc/{pid}").stat().st_uid for pid in [sandbox.process.pid, *sandbox.family]}
            assert owners == {nobody().uid}, NOBODY
            assert sandbox.end(number) == code

        assert mentioning(str(folder)) == []
