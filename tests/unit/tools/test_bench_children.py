"""
A benchmark that is killed takes the servers under measurement with it; one that is over leaves no core behind.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tools.bench.yardsticks import apart, cores, on_core

REPO = Path(__file__).parents[3]
# A benchmark with one server, which ends when somebody kills it, and not before.
BENCHMARK = """
import signal, subprocess, sys
from tools.bench.yardsticks import on_core

server = subprocess.Popen(on_core([sys.executable, "-c", "print('ready', flush=True); import signal; signal.pause()"], None),
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True)
server.stdout.readline()
print(server.pid, flush=True)
signal.pause()
"""
PATIENCE_S = 30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's life to its parent's")


@contextmanager
def _a_benchmark() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([sys.executable, "-c", BENCHMARK], cwd=REPO, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_the_benchmark_that_was_killed(number: signal.Signals):
    with _a_benchmark() as benchmark, ExitStack() as watched:
        assert benchmark.stdout is not None
        server = os.pidfd_open(int(benchmark.stdout.readline()))
        watched.callback(os.close, server)
        assert not select.select([server], [], [], 0)[0]
        benchmark.send_signal(number)
        assert select.select([server], [], [], PATIENCE_S)[0], "the server outlives its benchmark"


def test_who_is_tied_too_late_does_not_begin():
    command = on_core([sys.executable, "-c", "print('begun')"], None)
    stranger = str(os.getppid())
    late = [stranger if word == str(os.getpid()) else word for word in command]
    assert subprocess.run(late, check=True, capture_output=True, text=True).stdout == ""
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "begun\n"


def test_a_server_keeps_the_number_under_which_it_was_started():
    command = on_core([sys.executable, "-c", "import os; print(os.getpid())"], min(os.sched_getaffinity(0)))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.read()) == process.pid


@pytest.mark.skipif(cores() == (None, None), reason="one core, or no way to hold a process to one")
def test_the_next_benchmark_has_all_cores_again():
    before = os.sched_getaffinity(0)
    with apart() as core:
        held = os.sched_getaffinity(0)

    assert len(held) == 1
    assert core not in held
    assert os.sched_getaffinity(0) == before
