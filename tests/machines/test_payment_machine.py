"""
The payment machine against the reference gateway, in process with virtual time, and against three planted bugs.
"""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from harness.ids import Ids
from harness.machines.payment import PaymentMachine
from harness.verdict import FindingError
from harness.world.in_process import InProcessPlan, InProcessWorld

SHORT = settings(
    max_examples=10,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="session")
def credentials(tmp_path_factory) -> Path:
    """Keys are public test material, made once: 31 ms each would be most of a story's time."""
    return tmp_path_factory.mktemp("credentials")


def machine(credentials: Path, **parts):
    async def open_world(turns):
        drawn = itertools.cycle(turns)
        return await InProcessWorld.open(
            InProcessPlan(
                credentials=credentials,
                ids=Ids(1, run_nonce="machine"),
                parts=parts,
                scheduling_point=lambda _place: next(drawn),
            )
        )

    return type("Machine", (PaymentMachine,), {"open_world": staticmethod(open_world)})


def test_the_reference_gateway_keeps_the_money_right(credentials):
    run_state_machine_as_test(machine(credentials), settings=SHORT)
