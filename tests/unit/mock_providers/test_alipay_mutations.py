"""
Mutated requests to both of Alipay's gateways, among orders in every state and by rules that demand codes: always an
answer in the vendor's words, and never a fen moved by accident. `make long` plays ten thousand of each.
"""

import re
import sys

import pytest

from mock_providers.alipay import codes
from tests.unit.mock_providers.alipay_goals import Goals, by_condition
from tests.unit.mock_providers.alipay_mutations import Forms, Rounds
from tests.unit.mock_providers.alipay_v3_mutations import Bodies

pytestmark = pytest.mark.asyncio

MANY = 1000


@pytest.mark.parametrize("wire", [Forms(), Bodies()], ids=["v2", "v3"])
async def test_what_was_mutated_is_answered_in_the_vendors_words_and_meets_the_sheets_codes(
    credentials_dir, wire, capsys
):
    rounds = Rounds(credentials_dir, wire)
    told = rounds.play(seed=7, count=MANY)
    await rounds.stop()

    with capsys.disabled():
        sys.stdout.write(f"\n{told.line()}\n")
    assert told.mutations == MANY
    assert told.admitted_share >= 0.45
    assert len(told.goals.met) >= 0.85 * len(by_condition())
    assert len(told.goals.demanded) > 0.4 * (len(codes.table().business) - len(by_condition()))


async def test_the_goals_are_every_code_and_one_that_was_not_reached_is_missing():
    goals, every = Goals(), codes.table().business.keys()
    pairs = {(call, code) for call, names in codes.table().calls.items() for code in names}

    assert set(goals.missing) == every
    assert (len(goals.undemanded), len(by_condition())) == (len(pairs), 81)
    for code in every - {"ACQ.PAYMENT_FAIL"}:
        goals.reached("alipay.trade.pay", code, demanded=code not in by_condition())
    assert goals.missing == ["ACQ.PAYMENT_FAIL"]
    goals.reached("alipay.trade.pay", "ACQ.PAYMENT_FAIL", demanded=True)
    assert goals.missing == ["ACQ.PAYMENT_FAIL"], "what a condition brings about is not reached by a rule"
    assert not [name for name in goals.undemanded if re.match(r"alipay.trade.pay ACQ.PAYMENT_FAIL", name)]


async def test_a_demand_comes_again_until_it_is_reached():
    goals = Goals()
    first = goals.next_demand()
    assert first is not None
    for _ in range(len(goals.wanted) - 1):
        goals.next_demand()
    assert goals.next_demand() == first
    goals.reached(*first, demanded=True)
    assert first not in [goals.next_demand() for _ in range(len(goals.wanted))]
