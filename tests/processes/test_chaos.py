"""
Scenarios over processes: each acquits the reference gateway once and convicts a broken one.
"""

import orjson
import pytest

from harness.script.loader import library, load
from tests.processes.command import run
from tests.processes.helpers import open_folder

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
