"""
The payment machine in process with virtual time: the reference gateway is acquitted, every broken one convicted.
"""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from harness.channels import PROVIDED
from harness.gallery import MUTANTS
from harness.ids import Ids
from harness.machines.payment import PaymentMachine
from harness.verdict import FindingError
from harness.world.in_process import InProcessPlan, InProcessWorld

# The same stories on every run: what lands is not a matter of luck. `make long` hunts with fresh ones.
SHORT = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
# Other channels take the same way through the gateway; what differs is their own calls and notifies.
BRIEF = settings(SHORT, max_examples=6, stateful_step_count=20)
# A conviction needs a story, not the shortest one.
CONVICT = settings(SHORT, max_examples=200, phases=[Phase.generate])


# How the machine puts what each of these did; the others are convicted by the catalogue's cases.
WORDS = {
    "credits-every-notify": r"credited \d+ times|idempotency/credited-once",
    "believes-unsigned-notifies": "signature/forged-never-acked",
    "credits-notified-amount": r"yuan credited instead of|money/credited-amount",
    "books-refund-notices": r"credited \d+ times|idempotency/credited-once",
    "refuses-repeats": "notify/duplicate-acked|notify/true-is-acked",
    "tells-anew": "notify/platform-told-once",
}


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys made once: 31 ms each would be most of a story's time."""
    folder: Path = tmp_path_factory.mktemp("credentials")
    return folder


def machine(credentials, parts=dict, channels=("alipay",)):
    async def open_world(turns):
        drawn = itertools.cycle(turns)
        plan = InProcessPlan(
            credentials=credentials,
            ids=Ids(1, run_nonce="machine"),
            parts=parts(),
            scheduling_point=lambda _place: next(drawn),
        )
        return await InProcessWorld.open(plan)

    return type("Machine", (PaymentMachine,), {"open_world": staticmethod(open_world), "channels": channels})


def test_the_reference_gateway_keeps_the_money_right(credentials):
    run_state_machine_as_test(machine(credentials), settings=SHORT)


@pytest.mark.parametrize("channel", PROVIDED[1:])
def test_the_reference_gateway_keeps_the_money_right_over_every_channel(credentials, channel):
    run_state_machine_as_test(machine(credentials, channels=(channel,)), settings=BRIEF)


@pytest.mark.parametrize("name", WORDS)
def test_a_broken_gateway_is_convicted(credentials, name):
    mutant = MUTANTS[name]
    with pytest.raises((AssertionError, FindingError)) as caught:
        run_state_machine_as_test(machine(credentials, mutant.parts), settings=CONVICT)

    assert re.search(WORDS[mutant.id], str(caught.value))
