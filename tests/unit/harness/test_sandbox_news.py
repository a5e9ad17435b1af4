"""
What people hear of a server that died under a sandbox: one line, once, and only where something happened to it.
"""

import pytest

from harness.commands.up import DECIDED, Comebacks, handed_on, simulator_env
from harness.errors import ConfigError
from harness.world.home import Home
from harness.world.processes import PROVIDERS, port_variable
from harness.world.supervised import ProcessEvent
from mock_providers.registry import PROVIDERS as REGISTRY


@pytest.fixture
def said():
    return []


@pytest.fixture
def hear(said):
    comebacks = Comebacks(said.append)
    return lambda name, what, pid=1, status=None, text="": comebacks(ProcessEvent(name, what, pid, status, text))


def test_a_server_that_came_back_is_one_line(hear, said):
    hear("gateway", "started", 1)
    hear("gateway", "exited", 1, -9)
    hear("gateway", "started", 2)

    assert said == ["gateway (process 1) was ended by signal 9, and runs again as process 2"]


def test_a_server_that_does_not_come_back_is_one_line_with_its_reason(hear, said):
    hear("simulator", "exited", 1, 3)
    hear("simulator", "failed", 9, 2, "it ended:\nport taken")

    assert said == ["simulator (process 1) ended with status 3, and does not start again: it ended: / port taken"]


def test_starting_and_stopping_in_good_order_is_no_news(hear, said):
    for name in ("postgres", "redis", "simulator", "gateway"):
        hear(name, "started")
        hear(name, "stopped", 1, 0)
    hear("postgres-initdb", "exited", 1, 0)

    assert said == []


def test_two_deaths_are_told_apart(hear, said):
    hear("postgres", "exited", 1, -9)
    hear("gateway", "exited", 2, -9)
    hear("postgres", "started", 3)
    hear("gateway", "started", 4)

    assert [line.split()[0] for line in said] == ["postgres", "gateway"]


def test_the_simulator_gets_its_variables_but_not_those_that_the_command_decides():
    given = {"PAYPROOF_PROVIDERS_CONTROL_TOKEN": "t"}

    assert handed_on(given) == given
    with pytest.raises(ConfigError, match="PAYPROOF_PROVIDERS_SEED has no say") as caught:
        handed_on({**given, "PAYPROOF_PROVIDERS_SEED": "1"})
    assert caught.value.hint == "give --seed"


def test_the_home_keeps_a_port_for_every_provider():
    assert PROVIDERS.keys() == REGISTRY.keys()
    assert {port_variable(name) for name in PROVIDERS} <= DECIDED.keys()


def test_workers_are_the_simulators_to_start(tmp_path):
    said = {"PAYPROOF_PROVIDERS_MERCHANTS": "5"}
    assert simulator_env((), home=Home(tmp_path), said=said, workers=3) == {
        "PAYPROOF_PROVIDERS_SNIPPETS": "true",
        "PAYPROOF_PROVIDERS_WORKERS": "3",
        **said,
    }
    assert "PAYPROOF_PROVIDERS_WORKERS" not in simulator_env((), home=Home(tmp_path), said={})
