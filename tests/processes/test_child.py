"""The last step before a server becomes itself, when its supervisor dies at an awkward moment."""

import json
import os
import signal
import subprocess
import sys

import pytest

from harness.world.launch import CHILD

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("plan", ["", '{"half":'])
def test_a_child_whose_supervisor_dies_before_the_plan_ends_too(plan):
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-I", "-S", str(CHILD), str(reading)], pass_fds=[reading]) as child:
        os.close(reading)
        os.write(writing, plan.encode())
        os.close(writing)

        assert child.wait() == 0


def test_a_child_that_was_orphaned_during_its_start_never_becomes_a_server(tmp_path):
    """The kernel's signal was armed too late, so the child looks at its parent once more."""
    proof = tmp_path / "ran"
    plan = {
        "parent": os.getpid() + 1,
        "argv": ["touch", str(proof)],
        "env": None,
        "cwd": None,
        "uid": None,
        "gid": None,
        "death_signal": int(signal.SIGKILL),
    }
    reading, writing = os.pipe()
    with subprocess.Popen([sys.executable, "-I", "-S", str(CHILD), str(reading)], pass_fds=[reading]) as child:
        os.close(reading)
        os.write(writing, json.dumps(plan).encode() + b"\n")
        os.close(writing)

        assert child.wait() == 0
    assert not proof.exists()
