"""
Scenarios over processes: each acquits the reference gateway once and convicts a broken one; nothing is left behind,
however a run ends.
"""

import signal
import subprocess

import orjson
import pytest

from harness.script.loader import library, load
from harness.settings import child_environment
from tests.processes.command import PAYPROOF, run
from tests.processes.helpers import REPO, mentioning, open_folder, tree, wait_gone

pytestmark = pytest.mark.processes
STORIES = {name: story for name, file in library() if (story := load(file)).world == "processes"}


@pytest.fixture(scope="module")
def home():
    with open_folder() as folder:
        yield folder / "home"


def played(home, *argv):
    done = run("chaos", *argv, "--json", "--home", str(home))
    assert done.stdout, done.stderr
    return done.returncode, orjson.loads(done.stdout), done.stderr


@pytest.mark.parametrize("story", STORIES)
def test_the_reference_gateway_is_acquitted(story, home):
    code, told, people = played(home, story)

    assert (code, told["verdict"], told["reasons"], told["findings"]) == (0, "PASS", [], []), people


@pytest.mark.parametrize("story", STORIES)
def test_a_broken_gateway_is_convicted(story, home):
    code, told, people = played(home, story, "--gateway", f"gallery:{STORIES[story].convicts[0]}")

    assert (code, told["verdict"]) == (1, "FAIL"), people
    assert told["findings"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_when_a_run_is_interrupted_or_killed(number, home):
    """In the middle of a story with a paused gateway, a dead database and links of ours."""
    story = home.parent / f"endless-{number}.yaml"
    story.write_text(ENDLESS)
    with subprocess.Popen(
        [*PAYPROOF, "chaos", str(story), "--home", str(home)],
        cwd=REPO,
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = []
        while "pause what=gateway-2" not in (line := process.stdout.readline()):
            said.append(line)
            assert line, said
        family = [process.pid, *tree(process.pid)]
        process.send_signal(number)
        wait_gone(family)
    assert mentioning(str(home)) == []


ENDLESS = """\
id: crash/endless
title: One that never ends
purpose: It is interrupted.
requirements: [money/credited-amount]
world: processes
instances: 2
load: {payments: 400, rate: 2}
timeline:
  - {at: 500ms, kill: postgres}
  - {at: 600ms, pause: gateway-2}
"""
