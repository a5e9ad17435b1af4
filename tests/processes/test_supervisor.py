"""One supervisor and small servers: ready, logged, killed, restarted, paused, stopped in order."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import uvloop

from harness.errors import ServerStartError, UnknownProcessError
from harness.world.launch import ProcessSpec, PythonMain
from harness.world.lifeline import ExitWatch, Tie, wait_for_exit
from harness.world.supervised import ProcessEvent
from harness.world.supervisor import Supervisor, stop_signals
from harness.world.virtual_loop import VirtualLoop, hold
from tests.processes.helpers import REPO, alive, mentioning

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="the toy server reads /proc"),
]
ENV = {"PATH": os.defpath, "PYTHONPATH": str(REPO)}


def toy(*argv: str, name: str = "toy", **options) -> ProcessSpec:
    return ProcessSpec(name=name, run=PythonMain("tests.processes.toy_server", argv), **options)


class Told:
    """Collects events, and wakes whoever waits for one."""

    def __init__(self) -> None:
        self.events: list[ProcessEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: ProcessEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def wait_for(self, what: str) -> ProcessEvent:
        while not (found := [event for event in self.events if event.what == what]):
            self._changed.clear()
            await self._changed.wait()
        return found[0]


@pytest.mark.asyncio
async def test_the_ready_line_is_read_and_the_rest_is_logged(tmp_path):
    async with Supervisor(tmp_path / "logs") as supervisor:
        process = await supervisor.start(toy("word"))

        assert process.ready["event"] == "ready"
        assert process.ready["argv"] == ["word"]
        assert process.ready["pid"] == process.pid
        assert alive(process.pid)
    assert not alive(process.pid)
    assert process.exit_status == 0
    assert process.log == tmp_path / "logs" / "toy.log"
    assert sorted(process.log.read_text().splitlines()) == ["a line after", "a line before", "toy speaks"]


@pytest.mark.asyncio
async def test_a_server_begins_like_any_other_program(tmp_path):
    """Own session, given environment and folder, no signal ignored, no file of ours open."""
    env = {**ENV, "ONLY": "this"}
    async with Supervisor(tmp_path) as supervisor:
        await supervisor.start(toy(name="first"))
        process = await supervisor.start(toy(env=env, cwd=tmp_path))
        said = process.ready

        assert said["session"] == process.pid
        assert said["environ"].items() >= env.items()
        assert "HOME" not in said["environ"]
        assert said["cwd"] == str(tmp_path)
        assert said["open"] == [0, 1, 2]
    # Python itself ignores SIGPIPE (13) and SIGXFSZ (25); nothing more is ignored. 32 and above are the C library's own,
    # which posix_spawn leaves ignored and Python 3.13 uses.
    ignored = {number for number in range(1, 32) if int(said["ignored"].split()[1], 16) >> (number - 1) & 1}
    assert ignored <= {signal.SIGPIPE, signal.SIGXFSZ}


@pytest.mark.asyncio
async def test_a_server_that_ends_early_is_an_error_with_its_last_words(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(
            ServerStartError, match=r"toy ended before it was ready \(exit status 3\):\ntoy speaks"
        ) as error:
            await supervisor.start(toy("exit=3"))

        assert str(tmp_path / "toy.log") in error.value.hint
        with pytest.raises(UnknownProcessError, match="no process is called toy"):
            supervisor["toy"]


@pytest.mark.asyncio
async def test_a_command_that_is_not_there_is_an_error_that_names_it(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(ServerStartError, match="cannot run /no/such/thing"):
            await supervisor.start(ProcessSpec(name="ghost", run=["/no/such/thing"]))


@pytest.mark.asyncio
async def test_a_server_that_stays_silent_is_given_up_and_ended(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(ServerStartError, match=r"not ready within 0\.3 s"):
            await supervisor.start(toy("silent", f"tag={tmp_path}", ready_timeout_s=0.3))

    assert mentioning(f"tag={tmp_path}") == []


@pytest.mark.asyncio
async def test_kill_is_final_without_a_restart_policy(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        process = await supervisor.start(toy())
        await supervisor.kill("toy")

        assert process.exit_status == -signal.SIGKILL
        assert await process.wait() == -signal.SIGKILL
        assert process.generation == 1


@pytest.mark.asyncio
async def test_a_killed_server_is_restarted_each_time(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        process = await supervisor.start(toy(restart=True))
        pids = {process.pid}
        for generation in range(1, 6):
            assert process.generation == generation
            await supervisor.kill("toy")
            await process.ready_after(generation)
            pids.add(process.pid)

    assert len(pids) == 6


@pytest.mark.asyncio
async def test_a_server_that_cannot_restart_is_given_up_after_its_attempts(tmp_path):
    told = Told()
    async with Supervisor(tmp_path, on_event=told) as supervisor:
        process = await supervisor.start(toy(f"marker={tmp_path / 'seen'}", restart=True, attempts=3))
        await supervisor.kill("toy")
        failed = await told.wait_for("failed")
        with pytest.raises(ServerStartError, match="exit status 5"):
            await process.ready_after(1)

    assert "never again" in failed.text
    assert process.log.read_text().count("never again") == 3


@pytest.mark.asyncio
async def test_restart_is_a_new_generation(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        process = await supervisor.start(toy())
        first = process.pid
        await supervisor.restart("toy")

        assert process.pid != first
        assert process.generation == 2
        await supervisor.kill("toy")
        await supervisor.restart("toy")
        assert alive(process.pid)


@pytest.mark.asyncio
async def test_processes_stop_in_the_reverse_order_of_their_start(tmp_path):
    told = Told()
    async with Supervisor(tmp_path, on_event=told) as supervisor:
        for name in ("first", "second", "third"):
            await supervisor.start(toy(name=name))

    assert [event.name for event in told.events if event.what == "stopped"] == ["third", "second", "first"]


@pytest.mark.asyncio
async def test_who_ignores_sigterm_is_ended_by_force(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        process = await supervisor.start(toy("stubborn", stop_timeout_s=0.05))

    assert process.exit_status == -signal.SIGKILL


@pytest.mark.asyncio
async def test_a_paused_server_stands_still_until_it_is_resumed(tmp_path):
    def await_change(pid: int, kind: int) -> None:
        # Only stops and continuations are asked for, so nothing is taken away from the supervisor.
        os.waitid(os.P_PID, pid, kind)

    def state(pid: int) -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    async with Supervisor(tmp_path) as supervisor:
        process = await supervisor.start(toy())
        supervisor.pause("toy")
        await_change(process.pid, os.WSTOPPED)
        assert state(process.pid) == "T"
        supervisor.resume("toy")
        await_change(process.pid, os.WCONTINUED)
        assert state(process.pid) != "T"
        supervisor.pause("toy")

    assert process.exit_status == 0, "a paused server stops as gracefully as any other"


@pytest.mark.asyncio
async def test_something_that_runs_to_its_end_reports_its_status(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        assert await supervisor.run(ProcessSpec(name="once", run=["sh", "-c", "echo said; exit 4"])) == 4

    assert (tmp_path / "once.log").read_text() == "said\n"


@pytest.mark.asyncio
async def test_a_probe_decides_who_is_ready(tmp_path):
    asked: list[int] = []

    async def third_time(pid: int) -> bool:
        asked.append(pid)
        return len(asked) == 3

    async with Supervisor(tmp_path) as supervisor:
        process = await supervisor.start(toy(ready=third_time))

        assert asked == [process.pid] * 3


@pytest.mark.asyncio
async def test_a_cancelled_owner_still_stops_everything(tmp_path):
    ready, pids = asyncio.Event(), []

    async def owner() -> None:
        async with Supervisor(tmp_path) as supervisor:
            pids.append((await supervisor.start(toy())).pid)
            ready.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(owner())
    await ready.wait()
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()
    assert not alive(pids[0])


@pytest.mark.asyncio
async def test_a_cancelled_start_leaves_nothing(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        starting = asyncio.create_task(supervisor.start(toy("silent", f"tag={tmp_path}")))
        log = tmp_path / "toy.log"
        while not (log.exists() and "toy speaks" in log.read_text()):
            await asyncio.wait({starting}, timeout=0.01)
        starting.cancel()
        await asyncio.wait({starting})

        assert mentioning(f"tag={tmp_path}") == []


@pytest.mark.asyncio
async def test_stop_signals_become_an_event():
    async with stop_signals() as told:
        os.kill(os.getpid(), signal.SIGTERM)
        await told.wait()


@pytest.mark.asyncio
@pytest.mark.parametrize("tie", list(Tie))
async def test_both_ties_let_their_servers_live_and_stop(tmp_path, tie):
    async with Supervisor(tmp_path, tie=tie) as supervisor:
        process = await supervisor.start(toy())
        await supervisor.kill("toy")
        await supervisor.restart("toy")

        assert alive(process.pid)
    assert not alive(process.pid)


@pytest.fixture
def stranger():
    """A process that nobody supervises."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process


@pytest.mark.asyncio
async def test_waiting_for_a_stranger_to_end(stranger):
    assert not await wait_for_exit(stranger.pid, timeout_s=0.01)
    stranger.stdin.close()
    assert await wait_for_exit(stranger.pid, timeout_s=10)
    stranger.wait()
    ended = asyncio.Event()
    ExitWatch(stranger.pid, ended.set)
    await ended.wait()


@pytest.mark.parametrize("loop_factory", [asyncio.SelectorEventLoop, VirtualLoop, uvloop.new_event_loop])
def test_a_supervisor_works_on_every_loop(tmp_path, loop_factory):
    async def story() -> int:
        async with Supervisor(tmp_path) as supervisor:
            process = await supervisor.start(toy(restart=True))
            await supervisor.kill("toy")
            with hold():
                await process.ready_after(1)
            supervisor.pause("toy")
        return process.generation

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(story()) == 2
