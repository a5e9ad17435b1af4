"""
A requirement that a gateway gave no occasion for: NOT_RUN where the catalogue says why, in doubt everywhere else.
"""

import pytest

from harness.cases import COVERING
from harness.catalog import BY_ID
from harness.checks import Judgement
from harness.sut.contract import Ability
from harness.trial import Can, Played, Tally, results
from harness.verdict import Verdict
from harness.world.base import Move

CAN = Can(abilities=frozenset(Ability), moves=frozenset(Move), channels=("alipay",), world="in_process")
VACUOUS = "not put to the test: nothing was refused in a burst"


def told(requirement, reason):
    tally = Tally()
    judged = Judgement(requirement=requirement, verdict=Verdict.UNKNOWN, witnessed=0, reason=reason)
    tally.add(Played(case=COVERING[requirement][0].name, channel="alipay", judgements=(judged,)))
    return results([BY_ID[requirement]], tally, CAN)[0]


@pytest.mark.parametrize("requirement", ["spike/refused-nowhere", "spike/refused-again", "refund/refused-after-doubt"])
def test_a_gateway_that_refuses_nothing_has_nothing_to_keep(requirement):
    result = told(requirement, VACUOUS)

    assert (result.verdict, result.reason) == (Verdict.NOT_RUN, BY_ID[requirement].moot)


def test_a_burst_that_did_not_come_to_rest_is_in_doubt():
    assert told("spike/refused-nowhere", "the dust had not settled after 40 s").verdict is Verdict.UNKNOWN


def test_any_other_requirement_that_was_not_put_to_the_test_is_in_doubt():
    assert told("spike/accepted-kept", VACUOUS).verdict is Verdict.UNKNOWN
