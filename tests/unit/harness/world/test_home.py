"""The home folder: one process at a time, ports and run folders that stay."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.errors import HomeBusyError, PortTakenError
from harness.world.home import HOST, PORT_COUNT, PORT_MIN, Home, is_free

REPO = Path(__file__).parents[4]
HOLDER = """
import sys
from pathlib import Path
from harness.world.home import Home
home = Home(Path(sys.argv[1])).open()
print("held", flush=True)
sys.stdin.read()
"""


class StoppedClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 23, 15, 30, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@pytest.fixture
def home(tmp_path):
    with Home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def taken():
    """Takes ports until the test ends."""
    sockets: list[socket.socket] = []

    def take(port: int) -> None:
        trial = socket.socket()
        trial.bind((HOST, port))
        trial.listen(1)
        sockets.append(trial)

    yield take
    for one in sockets:
        one.close()


def test_a_second_taker_is_told_who_holds_the_home(home):
    with pytest.raises(HomeBusyError, match=f"process {os.getpid()}") as refused:
        Home(home.folder).open()

    assert "--home" in refused.value.hint


def test_a_closed_home_can_be_opened_again(tmp_path):
    for _ in range(3):
        with Home(tmp_path):
            pass


def test_kill_9_of_the_holder_lets_others_in(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(HomeBusyError, match=str(holder.pid)):
            Home(tmp_path).open()
        holder.send_signal(signal.SIGKILL)
        holder.wait()

        with Home(tmp_path):
            pass


def test_two_homes_work_at_the_same_time(tmp_path):
    with Home(tmp_path / "a") as a, Home(tmp_path / "b") as b:
        assert a.port("gateway") != b.port("gateway")


def test_a_port_is_one_homes_before_anything_listens_there(tmp_path, monkeypatch):
    """Two worlds that start at once would both find it free; it is given back with the home."""
    monkeypatch.setattr(Home, "_candidates", lambda *_: iter(range(PORT_MIN, PORT_MIN + PORT_COUNT)))
    with Home(tmp_path / "b") as b:
        with Home(tmp_path / "a") as a:
            first = a.port("gateway")
            assert b.port("gateway") != first
            assert a.port("gateway") == first
            (b.folder / "ports.json").write_text(json.dumps({"gateway": first}))
            with pytest.raises(PortTakenError, match=str(first)):
                b.port("gateway", strict=True)
        assert b.port("gateway", strict=True) == first


def test_a_port_is_kept(home):
    first = home.port("gateway")

    assert home.port("gateway") == first
    assert json.loads((home.folder / "ports.json").read_text()) == {"gateway": first}
    assert is_free(first)


def test_names_never_share_a_port(home):
    assert len({home.port(f"server-{number}") for number in range(50)}) == 50


def test_a_taken_port_is_replaced_with_a_notice(tmp_path, taken):
    said: list[str] = []
    with Home(tmp_path, notice=said.append) as home:
        first = home.port("gateway")
        taken(first)
        second = home.port("gateway")

        assert second != first
        assert home.port("gateway") == second

    assert len(said) == 1
    assert str(first) in said[0]
    assert str(second) in said[0]


def test_a_strict_port_that_is_taken_is_an_error_that_names_it(home, taken):
    port = home.port("gateway")
    taken(port)

    with pytest.raises(PortTakenError, match=str(port)) as refused:
        home.port("gateway", strict=True)

    assert "ports.json" in refused.value.hint


def test_a_damaged_ports_file_is_no_obstacle(home):
    (home.folder / "ports.json").write_text("{half")

    assert home.port("gateway") > 0


def test_each_run_has_a_folder_and_latest_is_the_last(home):
    first = home.new_run(StoppedClock(), 7)
    second = home.new_run(StoppedClock(), 7)

    assert first.name == "20261123T153000Z-7"
    assert second.name == "20261123T153000Z-7-2"
    assert (home.runs / "latest").resolve() == second


def test_credentials_are_private(home):
    assert home.credentials.stat().st_mode & 0o777 == 0o700
