"""
Chaos, load and explore while they run, and after Ctrl-C or kill -9 in the middle of it: nobody but this machine is
spoken to, and nothing is left.
"""

import ipaddress
import re
import signal
import subprocess
from contextlib import contextmanager

import pytest

from harness.settings import child_environment
from tests.processes.command import PAYPROOF
from tests.processes.helpers import REPO, mentioning, open_folder, tree, wait_gone
from tests.processes.sockets import connected_addresses, listening_addresses

pytestmark = pytest.mark.processes
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
LOAD = ("load", "steady", "--rate", "5", "--duration", "600")
# Each with what it says when it is in the middle of it.
COMMANDS = {
    "a story with a paused gateway, a dead database and links": (("chaos", "endless.yaml"), "pause what=gateway-2"),
    "a load by Locust": ((*LOAD, "--generator", "locust"), r"visits: \d"),
    "a load by the light generator": ((*LOAD, "--generator", "light"), r"visits: \d"),
    "stories that nobody wrote": (("explore", "--examples", "100000"), r"stories: \d"),
}


@pytest.fixture(autouse=True)
def _interrupts_are_heard():
    """Whoever is started from a background job inherits that Ctrl-C is ignored, and so would the command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def home():
    """One for all, so that keys and database are made once: whatever ended one command, the next starts on it."""
    with open_folder() as folder:
        yield folder / "home"


@contextmanager
def in_the_middle(argv, said, home):
    """The command, when it has said that."""
    story = home.with_name("endless.yaml")
    story.write_text(ENDLESS)
    with subprocess.Popen(
        [*PAYPROOF, *(str(story) if word == story.name else word for word in argv), "--home", str(home)],
        cwd=REPO,
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        while not re.search(said, line := process.stdout.readline()):
            lines.append(line)
            assert line, lines
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("what", COMMANDS)
def test_nobody_else_is_spoken_to_and_nothing_is_left(what, number, home):
    argv, said = COMMANDS[what]
    with in_the_middle(argv, said, home) as process:
        family = [process.pid, *tree(process.pid)]
        listening, spoken_to = listening_addresses(family), connected_addresses(family)
        process.send_signal(number)
        wait_gone(family)

        assert mentioning(str(home)) == []

    # Between two stories of one process nobody may listen at all.
    assert listening or argv[0] == "explore"
    assert {host for host, _ in listening | spoken_to if not ipaddress.ip_address(host).is_loopback} == set()
