"""
Scenarios over processes: each acquits the reference gateway once and convicts a broken one.

All are played from one warmed process, each in a world of its own; two are played by the command as well.
"""

import asyncio
from contextlib import AsyncExitStack

import orjson
import pytest

from harness.playing import GALLERY, REFERENCE, Play, Servers
from harness.script import stage
from harness.script.loader import library, load
from harness.verdict import Verdict
from harness.world.home import Home
from tests.processes.command import run
from tests.processes.helpers import open_folder

pytestmark = pytest.mark.processes
STORIES = {name: story for name, file in library() if (story := load(file)).world == "processes"}
TOLD_BY_COMMAND = "storage/redis-forgets"


@pytest.fixture(scope="module")
def home():
    with open_folder() as folder:
        yield folder / "home"


@pytest.fixture(scope="module")
def played(home):
    """Plays a story against a gateway; what was told of it."""
    with Home(home) as taken, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        servers = runner.run(stack.enter_async_context(Servers.open(taken, logs=home / "logs")))

        def one(story, gateway):
            folder = home / f"{story}-{gateway}".replace("/", "-").replace(":", "-")
            folder.mkdir()
            play = Play(scenario=STORIES[story], seed=STORIES[story].seed, gateway=gateway, folder=folder)
            return runner.run(servers.play(play, run_dir=folder)).result

        try:
            yield one
        finally:
            runner.run(stack.aclose())


@pytest.mark.parametrize("story", STORIES)
def test_the_reference_gateway_is_acquitted(story, played):
    result = played(story, REFERENCE)

    assert (result.verdict, result.reasons, result.findings) == (Verdict.PASS, (), ())


@pytest.mark.parametrize("story", STORIES)
def test_a_broken_gateway_is_convicted(story, played, monkeypatch):
    # Some of them never come to rest, and what they did is plain by then.
    monkeypatch.setattr(stage, "REAL_PATIENCE_S", 10.0)

    result = played(story, GALLERY + STORIES[story].convicts[0])

    assert result.verdict is Verdict.FAIL
    assert result.findings


@pytest.mark.parametrize(
    ("gateway", "code", "verdict"),
    [(REFERENCE, 0, "PASS"), (GALLERY + STORIES[TOLD_BY_COMMAND].convicts[0], 1, "FAIL")],
)
def test_the_command_says_the_same(home, gateway, code, verdict):
    elsewhere = home.with_name("home of the command")
    done = run("chaos", TOLD_BY_COMMAND, "--gateway", gateway, "--json", "--home", str(elsewhere))

    assert done.stdout, done.stderr
    told = orjson.loads(done.stdout)
    assert (done.returncode, told["verdict"]) == (code, verdict), done.stderr
    assert bool(told["findings"]) == bool(code), done.stderr
    assert told["reasons"] == [] or code
