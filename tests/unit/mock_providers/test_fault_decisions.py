"""
Decisions hang on the seed and on what is asked, never on who asks first.
"""

import asyncio
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_providers.core.plans import Counts, Question
from mock_providers.errors import RulesRefused
from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.drop import Drop
from mock_providers.faults.rules import Profile, load_profile, parse_profile
from mock_providers.faults.source import Decision, ScriptedSource, ScriptKey, SeededSource
from tests.unit.mock_providers.turns import turn

PROFILES = Path(__file__).parents[3] / "scenarios" / "profiles"
FLAKY, STORM = (load_profile(PROFILES / f"{name}.yaml") for name in ("flaky", "storm"))

questions = st.builds(
    Question,
    provider=st.just("alipay"),
    label=st.integers(0, 40).map(lambda n: f"pp{n:06d}"),
    order=st.just("o"),
    on=st.just("notify"),
    api=st.sampled_from(["payment", "refund"]),
    attempt=st.integers(1, 8),
    occurrence=st.integers(1, 3),
)


def notify(label: str, *, attempt: int = 1, order: str = "o", api: str = "payment") -> Question:
    return Question(provider="alipay", label=label, order=order, on="notify", api=api, attempt=attempt)


def desk(rules, *, seed: int = 7) -> FaultDesk:
    return FaultDesk(SeededSource(seed), rules if isinstance(rules, Profile) else parse_profile({"rules": rules}))


@given(st.integers(), st.lists(questions, max_size=30, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_asking_changes_no_plan(seed, asked, chaos):
    shuffled = list(asked)
    chaos.shuffle(shuffled)
    first, second = desk(STORM, seed=seed), desk(STORM, seed=seed)
    assert {q: first.plan_notify(q) for q in asked} == {q: second.plan_notify(q) for q in shuffled}


async def _ask_concurrently(seed: int, calls, yields) -> dict:
    """Each order asks for its own calls in turn, and all orders at once with drawn pauses in between."""
    asked, plans = desk(STORM, seed=seed), {}

    async def one_order(label: str, pauses: int) -> None:
        for number in range(4):
            for _ in range(pauses):
                await turn()
            plans[label, number] = asked.plan_reply(provider="alipay", label=label, order=f"{label}-{pauses}", api="q")

    async with asyncio.TaskGroup() as group:
        for label, pauses in zip(calls, yields, strict=True):
            group.create_task(one_order(label, pauses))
    return plans


@settings(deadline=None, max_examples=50)
@given(st.integers(), st.data())
def test_concurrency_changes_no_answer(seed, data):
    labels = [f"pp{number:06d}" for number in range(8)]
    pauses = [data.draw(st.lists(st.integers(0, 5), min_size=8, max_size=8)) for _ in range(2)]
    arrivals = [data.draw(st.permutations(list(zip(labels, one, strict=True)))) for one in pauses]
    plans = [asyncio.run(_ask_concurrently(seed, *zip(*arrival, strict=True))) for arrival in arrivals]
    assert plans[0] == plans[1]


@given(st.integers(), st.text(min_size=1), st.text(min_size=1))
def test_the_merchants_number_sways_nothing(seed, one, other):
    asked = desk(STORM, seed=seed)
    assert asked.plan_notify(notify("pp000001", order=one)) == asked.plan_notify(notify("pp000001", order=other))


def test_seeds_draw_differently():
    plans = {tuple(desk(STORM, seed=seed).plan_notify(notify(f"pp{n:06d}")) for n in range(20)) for seed in range(20)}
    assert len(plans) == 20


def test_chance_is_met_in_the_long_run():
    asked = desk([{"id": "a", "fault": "drop", "where": {"chance": 0.3}}])
    lost = sum(asked.plan_notify(notify(f"pp{n:06d}")).lost for n in range(5000))
    assert 1350 < lost < 1650


def test_one_rules_luck_says_nothing_of_anothers():
    """Of any two rules at evens, each of the four outcomes comes in a quarter of the cases."""
    rules = [{"id": f"r{n}", "fault": "drop", "where": {"chance": 0.5}} for n in range(12)]
    source = SeededSource(7)
    taken = parse_profile({"rules": rules}).rules
    drawn = [[one.hit for one in source.decide(notify(f"pp{n:06d}"), taken)] for n in range(4000)]
    for one, other in combinations(range(12), 2):
        counts = Counter((row[one], row[other]) for row in drawn)
        assert all(880 < counts[outcome] < 1120 for outcome in product((True, False), (True, False)))


def test_pages_of_decisions_follow_each_other_without_gaps():
    asked = desk([{"id": f"r{n}", "fault": "drop", "where": {"chance": 0.5}} for n in range(3)])
    for n in range(5):
        asked.plan_notify(notify(f"pp{n:06d}"))
    seen: list[object] = []
    cursor: int | None = 0
    while cursor is not None:
        items, cursor = asked.decisions(after=cursor, limit=4)
        seen += [item["seq"] for item in items]
    assert seen == list(range(1, 16))
    assert asked.decisions(after=15, limit=4) == ([], None)


@pytest.mark.parametrize("seed", range(40))
def test_two_hundred_flaky_payments_meet_every_fault(seed):
    asked, counts = desk(FLAKY, seed=seed), Counts()
    for number in range(200):
        counts.published(asked.plan_notify(notify(f"pp{number:06d}")))
    drawn = counts.as_json()
    for name in ("duplicate", "forged", "tampered", "dropped", "delayed", "reordered"):
        assert drawn[f"notifies_{name}"], name


def test_flaky_leaves_every_order_a_good_delivery_and_every_call_a_good_answer():
    for seed in range(5):
        asked = desk(FLAKY, seed=seed)
        for number in range(200):
            label = f"pp{number:06d}"
            plans = [asked.plan_notify(notify(label, attempt=attempt)) for attempt in range(1, 9)]
            assert not all(plan.lost for plan in plans[:3])
            assert not any(plan.ladder_over for plan in plans)
            answers = [asked.plan_reply(provider="alipay", label=label, order=label, api="a") for _ in range(2)]
            assert not answers[1].hang_up


@pytest.mark.parametrize(
    ("where", "hits"),
    [
        ({"order": "pp00000[12]"}, ["pp000001", "pp000002"]),
        ({"order": "o-3*"}, ["pp000003"]),
        ({"provider": "wechatpay"}, []),
        ({"api": "refund"}, []),
        ({"on": "notify", "api": "payment", "provider": "alipay"}, ["pp000001", "pp000002", "pp000003"]),
        ({"chance": 0.0}, []),
        ({"nth": 2}, []),
        ({"first": 1}, ["pp000001", "pp000002", "pp000003"]),
    ],
)
def test_where_says_which_attempts_are_meant(where, hits):
    asked = desk([{"id": "a", "fault": "drop", "where": where}])
    labels = [f"pp00000{n}" for n in (1, 2, 3)]
    assert [label for label in labels if asked.plan_notify(notify(label, order=f"o-{label[-1]}")).lost] == hits


def test_nth_counts_the_answers_of_each_order_and_api():
    asked = desk([{"id": "a", "fault": "timeout_after", "where": {"nth": 2}}])

    def hung_up(order: str, api: str) -> bool:
        return asked.plan_reply(provider="alipay", label="l", order=order, api=api).hang_up == "close"

    assert [hung_up("o1", "q"), hung_up("o1", "r"), hung_up("o2", "q"), hung_up("o1", "q")] == [False] * 3 + [True]
    asked.forget()
    assert [hung_up("o1", "q"), hung_up("o1", "q")] == [False, True]


def test_a_script_strikes_exactly_as_written():
    key = ScriptKey("alipay", "pp000001", "notify", "refund", occurrence=2, attempt=1)
    asked = FaultDesk(ScriptedSource({key: [Decision("lost", Drop(), hit=True)]}), STORM)
    second = Question("alipay", "pp000001", "o", "notify", "refund", attempt=1, occurrence=2)
    assert asked.plan_notify(second).lost
    assert not asked.plan_notify(notify("pp000001", api="refund")).lost


def test_every_decision_is_remembered_with_its_question():
    asked = desk([{"id": "a", "fault": "drop", "where": {"chance": 0.5}}])
    plans = [asked.plan_notify(notify(f"pp{n:06d}")) for n in range(30)]
    made, cursor = asked.decisions(after=0, limit=20)
    rest, end = asked.decisions(after=cursor or 0, limit=20)
    assert [one["hit"] for one in made + rest] == [plan.lost for plan in plans]
    assert [one["label"] for one in made + rest] == [f"pp{n:06d}" for n in range(30)]
    assert end is None


def test_rules_change_while_running_and_bad_ones_change_nothing():
    asked = desk(FLAKY)
    with pytest.raises(RulesRefused):
        asked.replace({"rules": [{"id": "x", "fault": "dorp"}]})
    assert asked.profile == "flaky"
    asked.replace({"profile": "mine", "rules": []})
    asked.add({"id": "x", "fault": "drop"})
    with pytest.raises(RulesRefused, match="second rule"):
        asked.add({"id": "x", "fault": "drop"})
    assert [rule["id"] for rule in asked.rules()] == ["x"]
    assert (asked.remove("x"), asked.remove("x")) == (True, False)
