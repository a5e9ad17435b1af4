"""
`payproof up`, as a person has it: where everything is, the same the next time, and nothing left however it ends.
"""

import os
import signal
import sys

import orjson
import pytest

from harness.world.redis_server import find_binary
from tests.processes.command import Up, run
from tests.processes.helpers import open_folder
from tests.processes.rounds import EVERYBODY, PostmasterRounds, create, kill_up, ready
from tests.processes.sockets import listening_addresses, unix_socket_modes

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see who is alive"),
]
# Enough to see that it goes on and on; `make long` does it twenty times.
ROUNDS = 5


@pytest.fixture(scope="module")
def home():
    """One for all, so that keys and database are made once: whatever ended one command, the next starts on it."""
    with open_folder() as folder:
        yield folder / "home"


@pytest.fixture
def new_home():
    with open_folder() as folder:
        yield folder / "home"


def credentials(home):
    files = [path for path in [*home.glob("credentials/**/*"), home / "ports.json"] if path.is_file()]
    (app,) = orjson.loads((home / "gateway" / "apps.json").read_bytes())
    return {str(path): path.read_bytes() for path in files}, {**app, "webhook_url": ""}


def test_it_tells_where_everything_is_and_that_is_the_same_the_next_time(new_home):
    with Up(new_home).serving() as up:
        addresses = ("watch and press here", "Alipay gateway", "control API", "reference gateway")
        first = {what: up.where(what) for what in addresses}
        assert set(up.servers()) == EVERYBODY
        kept = credentials(new_home)
        assert up.end(signal.SIGTERM) == 0
        assert up.complaints == ""
    with Up(new_home).serving() as up:
        assert {what: up.where(what) for what in first} == first
        assert credentials(new_home) == kept
        assert up.end(signal.SIGINT, group=True) == 0
        assert up.complaints == ""
    assert all(url.startswith("http://127.0.0.1:") for url in first.values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_while_it_starts_it_leaves_nothing(new_home, number):
    with Up(new_home) as up:
        up.line("payproof up")
        assert up.end(number) == 0
        assert up.complaints == ""


def test_ctrl_c_again_and_again_does_not_interrupt_the_tidying_up(home):
    with Up(home).serving() as up:
        postgres = up.servers()["postgres"]
        os.kill(up.process.pid, signal.SIGINT)
        up.line("stopping")
        os.kill(up.process.pid, signal.SIGINT)
        assert up.end(signal.SIGINT) == 0
        assert up.complaints == ""
    (log,) = home.glob("runs/latest/logs/postgres.log")
    assert "database system is shut down" in log.read_text(), postgres


def test_kill_9_again_and_again_leaves_nothing_and_it_starts_again(home):
    for _ in range(ROUNDS):
        kill_up(home)


@pytest.mark.asyncio
async def test_kill_9_of_the_postmaster_again_and_again_costs_no_payment(home):
    with PostmasterRounds(home) as play:
        for _ in range(ROUNDS):
            await play.round()


@pytest.mark.asyncio
async def test_a_killed_server_is_started_again_and_people_are_told(home):
    """Also two at once: the gateway comes back while its database is still recovering."""
    with Up(home).serving() as up:
        for victims in [{"gateway"}, {"simulator"}, {"redis"}, {"postgres", "gateway"}]:
            before = up.servers()
            for victim in victims:
                os.kill(before[victim], signal.SIGKILL)
            said = {up.line("was ended by signal 9, and runs again as process").split()[1] for _ in victims}
            after = up.servers()
            assert {name for name in EVERYBODY if before[name] != after[name]} == said == victims
            await ready(up)
            await create(up, "pp000001")
        assert up.end(signal.SIGTERM) == 0


def test_the_providers_alone_are_the_simulator_and_nothing_else(new_home):
    with Up(new_home, command="providers").serving() as up:
        assert set(up.servers()) == {"simulator"}
        assert up.where("Alipay gateway").endswith("/gateway.do")
        assert not [line for line in up.said if line.startswith("reference gateway")]
        assert not (new_home / "postgres").exists()
        assert up.end(signal.SIGTERM) == 0


def test_no_server_answers_a_stranger(home):
    with Up(home).serving() as up:
        addresses = listening_addresses(up.family())
        modes = unix_socket_modes(up.family())
        up.end(signal.SIGTERM)
    assert len(addresses) >= 4, "two of the simulator, the gateway's, the sink's"
    assert {address for address, _port in addresses} == {"127.0.0.1"}
    # The imitation of Redis listens on a port instead.
    assert len(modes) >= (1 if find_binary() is None else 2), "PostgreSQL's and Redis's"
    assert set(modes.values()) == {0o700}


def test_a_control_api_for_strangers_wants_a_token(new_home):
    refused = run("up", "--home", str(new_home), PAYPROOF_PROVIDERS_CONTROL_HOST="0.0.0.0")

    assert refused.returncode == 2
    assert "the control API on 0.0.0.0 needs a token: set PAYPROOF_PROVIDERS_CONTROL_TOKEN" in refused.stderr
    assert "Traceback" not in refused.stderr
