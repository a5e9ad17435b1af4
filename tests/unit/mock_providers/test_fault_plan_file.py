"""
The faults of a run as they were drawn: written while it runs, read again, and telling what is wrong in them.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_providers.core.plans import Question
from mock_providers.errors import RulesRefused
from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.drop import Drop
from mock_providers.faults.plan_file import PlanFile, as_written, is_plan, parse_plan
from mock_providers.faults.rules import load_profile
from mock_providers.faults.source import Decision, ScriptKey, SeededSource
from mock_providers.faults.text import read_yaml
from mock_providers.faults.weather import make_desk

STORM = Path(__file__).parents[3] / "scenarios" / "profiles" / "storm.yaml"
APIS = ("alipay.trade.precreate", "alipay.trade.query")


def play(desk: FaultDesk, labels: list[int]) -> dict:
    """
    Every question that some orders ask, and what is answered.
    """
    desk.open()
    plans: dict[object, object] = {}
    for number in labels:
        label = f"pp{number:06d}"
        for api in APIS * 3:
            plan = desk.plan_reply(provider="alipay", label=label, order=f"{label}-x", api=api)
            plans.setdefault((label, api), []).append(plan)  # type: ignore[attr-defined]
        for attempt in range(1, 9):
            asked = Question("alipay", label, label, "notify", "payment", attempt)
            plans[asked] = desk.plan_notify(asked)
    desk.close()
    return plans


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 999), min_size=1, max_size=8, unique=True), st.randoms())
def test_a_plan_strikes_again_without_the_seed_in_any_order(tmp_path_factory, seed, labels, chaos):
    plan = tmp_path_factory.mktemp("run") / "plan.yaml"
    drawn = play(make_desk(STORM, seed=seed, plan_file=plan), labels)
    chaos.shuffle(labels)
    again = make_desk(plan, seed=seed + 1)
    assert again.profile == "storm"
    assert play(again, labels) == drawn


def test_a_plan_may_be_edited_by_hand(tmp_path):
    plan = tmp_path / "plan.yaml"
    drawn = play(make_desk(STORM, seed=3, plan_file=plan), [1])
    text = plan.read_text()
    plan.write_text(text.replace('  - {"', '  # a word\n  - {"', 1))
    assert as_written(plan) is None
    assert play(make_desk(plan, seed=0), [1]) == drawn


def test_a_run_that_was_started_again_goes_on_in_its_file_and_nothing_strikes_twice(tmp_path):
    plan = tmp_path / "plan.yaml"
    first = play(make_desk(STORM, seed=3, plan_file=plan), [1, 2])
    play(make_desk(STORM, seed=3, plan_file=plan), [2, 3])
    assert plan.read_text().count("plan: ") == 1
    assert play(make_desk(plan, seed=0), [1, 2]) == first


def test_processes_that_begin_together_share_one_file(tmp_path):
    plan = tmp_path / "runs" / "plan.yaml"
    files = [PlanFile(plan) for _ in range(16)]

    def one(number: int) -> None:
        files[number].open("mine: [strange]")
        key = ScriptKey("alipay", f"pp{number:06d}", "notify", "payment", 1, 1)
        for _ in range(50):
            files[number].add(key, Decision("lost", Drop(), hit=True))
        files[number].close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(one, range(16)))
    read = parse_plan(read_yaml(plan), file=plan)
    assert (read.name, len(read.script)) == ("mine: [strange]", 16)
    assert [file.name for file in plan.parent.iterdir()] == ["plan.yaml"]


def test_a_calm_run_leaves_a_plan_without_faults(tmp_path):
    plan = tmp_path / "plan.yaml"
    play(make_desk(None, seed=1, plan_file=plan), [1])
    assert is_plan(read_yaml(plan))
    assert dict(parse_plan(read_yaml(plan), file=plan).script) == {}
    assert not is_plan(read_yaml(STORM))


LINE = "{label: pp000001, provider: alipay, on: notify, api: payment, attempt: 1, rule: r, fault: drop}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (LINE.replace("drop", "dorp"), "4: unknown fault 'dorp'. Did you mean 'drop'?"),
        (LINE.replace("notify", "reply"), "4: the fault 'drop' strikes on: notify, not on: reply"),
        (LINE.replace("attempt", "attemp"), "4: unknown key 'attemp'. Did you mean 'attempt'?"),
        (LINE.replace("attempt: 1", "attempt: 0"), "4: attempt: Input should be greater than or equal to 1"),
        (LINE.replace("drop}", "duplicate, with: {copies: 0}}"), "4: Input should be greater than or equal to 1"),
    ],
)
def test_a_slip_in_a_plan_is_told_with_its_line(tmp_path, line, told):
    file = tmp_path / "plan.yaml"
    file.write_text(f"plan: mine\nfaults:\n  - {LINE}\n  - {line}\n")
    with pytest.raises(RulesRefused) as refused:
        make_desk(file, seed=1)
    assert f"{file}:{told}" in refused.value.problems


def test_a_desk_that_was_dumped_goes_on_where_it_stood():
    first, whole = (FaultDesk(SeededSource(5), load_profile(STORM)) for _ in range(2))
    play(first, [1, 2])
    play(whole, [1, 2])
    second = make_desk(None, seed=5)
    second.load(first.dump())
    assert (second.profile, second.rules()) == (first.profile, first.rules())
    assert play(second, [2, 3]) == play(whole, [2, 3])
