"""
Money that came after the provider had told the gateway that the trade was closed, while every notify of it was lost: who
compares bills finds it, who does not is left in doubt, and who never asks is convicted.
"""

from typing import Any

import pytest

from harness.gallery import MUTANTS
from harness.machines.again import live_again
from harness.machines.grounds import InProcessGround
from harness.machines.moves import Move, Story
from harness.sut.contract import Ability
from tests.keys import copy_keys

CHANNEL = "wechatpay_v3"


def story(*moves):
    opened = Move(what="open", told={"channel": CHANNEL, "amount_fen": 1})
    struck = Move(what="strike", order=1, told={"fault": {"fault": "drop_all"}})
    return Story(seed=2, moves=(opened, struck, *moves))


# The order's quarter of an hour is over when its money arrives.
LATE = story(Move(what="advance", told={"seconds": 1000.0}), Move(what="pay_late", order=1))
IN_TIME = story(Move(what="pay", order=1))


class WithoutBills(InProcessGround):
    """Where the gateway cannot compare bills."""

    def begin(self, turns):
        world = super().begin(turns)
        gateway: Any = world.gateway
        gateway.abilities = gateway.abilities - {Ability.RECONCILE}
        return world


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    return copy_keys(tmp_path_factory.mktemp("credentials"))


def test_the_bill_of_the_day_tells_the_reference_gateway(credentials):
    lived = live_again(LATE, InProcessGround(credentials, seed=2))

    assert (lived.findings, lived.settled) == ((), True)
    compared = [line for line in lived.history if line.kind == "reconcile"]
    assert [line.value.get("day") for line in compared] == ["2026-11-23", None]
    books = [line.value["refunded_fen"] for line in lived.history if line.kind == "book"]
    assert books == [1]


def test_without_bills_nobody_accuses_it(credentials):
    lived = live_again(LATE, WithoutBills(credentials, seed=2))

    assert (lived.findings, lived.settled) == ((), True)
    books = [line.value["refunded_fen"] for line in lived.history if line.kind == "book"]
    assert books == [0]


@pytest.mark.parametrize(
    ("name", "told", "by"),
    [("never-asks", IN_TIME, "notify/nothing-lost"), ("closes-without-asking", LATE, "close/provider-first")],
)
@pytest.mark.parametrize("ground", [InProcessGround, WithoutBills])
def test_a_gateway_that_does_not_ask_is_convicted(credentials, name, told, by, ground):
    mutant = MUTANTS[name]
    lived = live_again(told, ground(credentials, seed=2, channels=(CHANNEL,), parts=mutant.parts))

    assert by in {finding.id for finding in lived.findings}
