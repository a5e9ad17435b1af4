"""Servers forked from a warmed process: the same to a supervisor as those that were exec'ed, only sooner there."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from harness.errors import ServerStartError
from harness.world.fork_launcher import ForkLauncher
from harness.world.fork_server import main_module
from harness.world.launch import Launcher, ProcessSpec, PythonMain
from harness.world.lifeline import Tie
from harness.world.supervisor import Supervisor
from tests.processes.helpers import REPO, alive, mentioning, tree, wait_gone

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="the toy server reads /proc"),
]
TOY = "tests.processes.toy_server"
OWNER = """
import asyncio, json, sys
from pathlib import Path
from harness.world.fork_launcher import ForkLauncher
from harness.world.launch import ProcessSpec, PythonMain
from harness.world.lifeline import Tie
from harness.world.supervisor import Supervisor

async def main():
    supervisor = Supervisor(Path(sys.argv[1]), tie=Tie(sys.argv[2]))
    launcher = await ForkLauncher.open(supervisor, ["tests.processes.toy_server"])
    spec = ProcessSpec(name="toy", run=PythonMain("tests.processes.toy_server", ("stubborn",)))
    await supervisor.start(spec, launcher=launcher)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def toy(*argv: str, name: str = "toy", **options) -> ProcessSpec:
    return ProcessSpec(name=name, run=PythonMain(TOY, argv), **options)


@pytest.mark.asyncio
async def test_a_forked_server_begins_like_an_exec_ed_one(tmp_path):
    env = {"PATH": os.defpath, "PYTHONPATH": str(REPO), "ONLY": "this"}
    said = {}
    async with Supervisor(tmp_path) as supervisor:
        launchers: dict[str, Launcher] = {
            "exec": supervisor.exec_launcher,
            "fork": await ForkLauncher.open(supervisor, [TOY]),
        }
        for how, launcher in launchers.items():
            process = await supervisor.start(toy("word", name=how, env=env, cwd=tmp_path), launcher=launcher)
            said[how] = {**process.ready}
            assert said[how].pop("pid") == said[how].pop("session") == process.pid
            said[how]["environ"].pop("LC_CTYPE", None)

    assert said["fork"] == said["exec"]
    assert said["fork"]["argv"] == ["word"]
    assert said["fork"]["environ"] == env
    logs = [sorted((tmp_path / f"{how}.log").read_text().splitlines()) for how in launchers]
    assert logs == [["a line after", "a line before", "toy speaks"]] * 2


@pytest.mark.asyncio
@pytest.mark.parametrize("tie", list(Tie))
async def test_forked_servers_are_killed_restarted_paused_and_stopped(tmp_path, tie):
    async with Supervisor(tmp_path, tie=tie) as supervisor:
        launcher = await ForkLauncher.open(supervisor, [TOY])
        process = await supervisor.start(toy(restart=True), launcher=launcher)
        for generation in range(1, 21):
            await supervisor.kill("toy")
            await process.ready_after(generation)
        assert process.generation == 21
        supervisor.pause("toy")
        supervisor.resume("toy")
        await supervisor.stop("toy")

        assert process.exit_status == 0
        ended = await supervisor.start(toy(name="second"), launcher=launcher)
        await supervisor.kill("second")
        assert await ended.wait() == -signal.SIGKILL


@pytest.mark.asyncio
async def test_many_forks_at_once(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        launcher = await ForkLauncher.open(supervisor, [TOY])
        names = [f"toy-{number}" for number in range(10)]
        started = await asyncio.gather(
            *(supervisor.start(toy(name, name=name), launcher=launcher) for name in names),
        )

        assert [process.ready["argv"] for process in started] == [[name] for name in names]
        assert [process.ready["pid"] for process in started] == [process.pid for process in started]


@pytest.mark.asyncio
async def test_an_early_end_has_its_status_and_last_words(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        launcher = await ForkLauncher.open(supervisor, [TOY])
        with pytest.raises(ServerStartError, match=r"exit status 3\):\ntoy speaks"):
            await supervisor.start(toy("exit=3"), launcher=launcher)
        with pytest.raises(ServerStartError, match=r"No module named 'tests\.nowhere'"):
            await supervisor.start(ProcessSpec(name="lost", run=PythonMain("tests.nowhere")), launcher=launcher)
        with pytest.raises(ServerStartError, match="no Python server"):
            await supervisor.start(ProcessSpec(name="cat", run=["cat"]), launcher=launcher)

        assert (await supervisor.start(toy(), launcher=launcher)).generation == 1


@pytest.mark.asyncio
@pytest.mark.parametrize("tie", list(Tie))
async def test_its_servers_die_with_the_fork_server(tmp_path, tie):
    async with Supervisor(tmp_path, tie=tie) as supervisor:
        launcher = await ForkLauncher.open(supervisor, [TOY])
        process = await supervisor.start(toy("stubborn"), launcher=launcher)
        await supervisor.kill("fork-server")

        assert await process.wait() == -signal.SIGKILL
        assert not alive(process.pid)
        with pytest.raises(ServerStartError, match="fork server is gone"):
            await supervisor.start(toy(name="late"), launcher=launcher)


@pytest.mark.asyncio
async def test_an_import_that_starts_a_thread_is_refused(tmp_path):
    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(ServerStartError, match="started a thread"):
            await ForkLauncher.open(supervisor, ["tests.processes.not_forkable"])


@pytest.mark.asyncio
async def test_a_fork_is_ready_sooner_than_an_exec(tmp_path):
    loop = asyncio.get_running_loop()

    async def quickest(launcher) -> float:
        spans = []
        for _ in range(5):
            began = loop.time()
            await supervisor.start(toy(), launcher=launcher)
            spans.append(loop.time() - began)
            await supervisor.kill("toy")
        return min(spans)

    async with Supervisor(tmp_path) as supervisor:
        forked = await quickest(await ForkLauncher.open(supervisor, [TOY]))
        execed = await quickest(supervisor.exec_launcher)

    assert forked < execed / 2


@pytest.mark.parametrize("tie", list(Tie))
def test_kill_9_of_the_owner_ends_the_fork_server_and_its_servers(tmp_path, tie):
    command = [sys.executable, "-c", OWNER, str(tmp_path), tie.value]
    for _ in range(3):
        with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == b"ready\n"
            family = tree(owner.pid)
            assert len(family) >= 2, "a fork server and its child"
            owner.kill()
        wait_gone(family)

    assert mentioning(str(tmp_path)) == []


def test_packages_run_their_main_module():
    assert main_module("json") == "json.__main__"
    assert main_module("json.tool") == "json.tool"
