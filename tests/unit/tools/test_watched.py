"""
The suite's watchman: it hands the exit code on, and fails for every process that is left behind.
"""

import subprocess
import sys
from pathlib import Path

import pytest

WATCHED = Path(__file__).parents[3] / "tools" / "watched.py"
# Waits for ever; ends when somebody closes its input, which nobody does.
FOREVER = "import signal; signal.pause()"
ORPHAN = f"""
import subprocess, sys
orphan = subprocess.Popen([sys.executable, "-c", {FOREVER!r}, "left-behind"], start_new_session=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
orphan.returncode = 0
print(orphan.pid, flush=True)
"""
# The child ends by itself soon after its parent: its input is a pipe that the parent holds.
QUICK = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
child.returncode = 0
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to an ancestor")


def watched(code: str, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(WATCHED), *options, sys.executable, "-c", code]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("code", [0, 1, 5])
def test_the_exit_code_is_handed_on(code: int):
    ended = watched(f"raise SystemExit({code})")

    assert (ended.returncode, ended.stderr) == (code, "")


def test_a_death_by_signal_is_a_failure():
    assert watched("import os; os.kill(os.getpid(), 9)").returncode == 128 + 9


def test_a_survivor_is_named_and_killed_and_fails_the_run():
    ended = watched(ORPHAN, "--grace", "0.2")

    pid = int(ended.stdout)
    assert ended.returncode == 1
    assert f"{pid}: {sys.executable}" in ended.stderr
    assert "left-behind" in ended.stderr
    assert not Path(f"/proc/{pid}").exists()


def test_a_failure_keeps_its_own_code():
    assert watched(ORPHAN + "sys.exit(4)", "--grace", "0.2").returncode == 4


def test_who_ends_on_hearing_of_it_is_no_survivor():
    ended = watched(QUICK)

    assert (ended.returncode, ended.stderr) == (0, "")
