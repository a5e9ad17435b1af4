"""
A budget narrows whatever costs an exchange to the first attempts, and refuses what leaves no later chance.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.plans import Question
from mock_providers.errors import RulesRefused
from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.registry import FAULTS
from mock_providers.faults.rules import Profile, load_profile, parse_profile
from mock_providers.faults.source import SeededSource

FLAKY = load_profile(Path(__file__).parents[3] / "scenarios" / "profiles" / "flaky.yaml")


def firsts(rules, *, budget: object = True) -> list[int | None]:
    profile = parse_profile({"budget": budget, "rules": rules})
    return [rule.where.first for rule in profile.rules]


def rule(fault: str, where: dict | None = None, name: str = "a", **settings) -> dict:
    return {"id": name, "fault": fault, "where": where or {}, "with": settings}


@pytest.mark.parametrize(
    ("written", "first"),
    [
        (rule("timeout_after"), 1),
        (rule("timeout_after", {"first": 5}), 1),
        (rule("drop"), 2),
        (rule("drop", {"first": 1}), 1),
        (rule("drop", {"nth": 2}), 2),
        (rule("duplicate"), None),
        (rule("forged_signature"), None),
        (rule("ack_ignored"), None),
        (rule("stale_timestamp", {"on": "notify"}), None),
        (rule("stale_timestamp", {"on": "reply"}), 1),
        (rule("delay", {"on": "notify"}, seconds=500), None),
        (rule("delay", {"on": "reply"}, seconds=3), None),
        (rule("delay", {"on": "reply"}, seconds=3.1), 1),
    ],
)
def test_what_costs_an_exchange_may_strike_the_first_attempts_only(written, first):
    assert firsts([written]) == [first]


def test_slow_answers_are_counted_together():
    slow = [rule("delay", {"on": "reply"}, seconds=2), rule("slow_drip", name="b", seconds=1.5)]
    assert firsts(slow) == [1, 1]
    assert firsts(slow, budget={"patience_s": 10}) == [None, None]


def test_a_budget_of_ones_own_and_none():
    assert firsts([rule("drop"), rule("busy", name="b")], budget={"notifies": 4, "replies": 2}) == [4, 2]
    assert firsts([rule("drop_all")], budget=False) == [None]


@pytest.mark.parametrize(
    ("written", "budget", "message"),
    [
        (rule("drop_all"), True, r"rules\[0\]\.fault: 'drop_all' leaves no later chance"),
        (
            rule("timeout_after", {"nth": 2}),
            True,
            r"rules\[0\]\.where\.nth: this costs a later attempt than the first 1",
        ),
        (rule("drop"), {"notifies": 0}, "this costs a later attempt than the first 0"),
        (rule("drop"), {"notifys": 1}, "unknown key 'notifys'. Did you mean 'notifies'"),
    ],
)
def test_what_no_budget_can_allow_is_refused(written, budget, message):
    with pytest.raises(RulesRefused, match=message):
        parse_profile({"budget": budget, "rules": [written]})


def test_a_rule_that_somebody_adds_by_hand_has_no_budget():
    desk = FaultDesk(SeededSource(1), FLAKY)
    desk.add(rule("drop_all", name="mine"))
    asked = Question("alipay", "pp000001", "o", "notify", "payment", attempt=8)
    assert desk.plan_notify(asked).ladder_over


anything = st.fixed_dictionaries(
    {
        "fault": st.sampled_from(sorted(name for name, fault in FAULTS.items() if name != "drop_all")),
        "first": st.none() | st.integers(1, 9),
        "place": st.integers(0, 1),
    }
)


@given(st.integers(), st.lists(anything, max_size=12), st.integers(1, 3), st.integers(1, 3))
def test_whatever_the_rules_no_later_attempt_is_lost(seed, drawn, replies, notifies):
    needed = {"delay": {"seconds": 1.0}, "refuse": {"code": "X"}}
    rules = [
        {
            "id": f"r{number}",
            "fault": one["fault"],
            "where": {"on": places[one["place"] % len(places)], "first": one["first"], "chance": 0.7},
            "with": needed.get(one["fault"], {}),
        }
        for number, one in enumerate(drawn)
        for places in [FAULTS[one["fault"]].places]
    ]
    budget = {"replies": replies, "notifies": notifies, "patience_s": 2.0}
    profile = parse_profile({"budget": budget, "rules": rules})
    _no_later_attempt_is_lost(FaultDesk(SeededSource(seed), profile), profile)


def _no_later_attempt_is_lost(desk: FaultDesk, profile: Profile) -> None:
    assert profile.budget is not None
    for number in range(20):
        label = f"pp{number:06d}"
        for attempt in range(1, 8):
            plan = desk.plan_reply(provider="alipay", label=label, order=label, api="query")
            waited_s = plan.delay_s + plan.drip_s + plan.after_notify_s
            if attempt > profile.budget.replies:
                assert not plan.hang_up
                assert (plan.status, plan.cut, plan.mangle, plan.work) == (None, 1.0, False, True)
                assert (plan.shape.refuse, plan.shape.seal) == ("", "true")
                assert waited_s <= profile.budget.patience_s
            told = desk.plan_notify(Question("alipay", label, label, "notify", "payment", attempt))
            if attempt > profile.budget.notifies:
                assert not told.lost
                assert any(copy.kind == "true" and copy.seal == "true" and not copy.charset for copy in told.deliveries)
