"""
What hits an order is the order's own: neither who comes first, nor how many at once, nor the number of processes sways it.
"""

from collections import Counter
from pathlib import Path

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_providers.core.plans import Question
from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.rules import load_profile
from mock_providers.faults.source import SeededSource

STORM = load_profile(Path(__file__).parents[3] / "scenarios" / "profiles" / "storm.yaml")
APIS = ("alipay.trade.precreate", "alipay.trade.query", "alipay.trade.refund")

# Each order is a list of what is asked about it, in its own order: an API, or a rung of a notify.
story = st.lists(st.sampled_from([*APIS, "payment", "refund"]), min_size=1, max_size=12)
stories = st.lists(story, min_size=1, max_size=6)


def step(desk: FaultDesk, number: int, what: str, rungs: Counter[str]) -> object:
    label, order, merchant = f"pp{number:06d}", f"o-{number}", f"m{number % 4}"
    if what in APIS:
        return desk.plan_reply(provider="alipay", label=label, order=order, api=what, merchant=merchant)
    rungs[what] += 1
    return desk.plan_notify(Question("alipay", label, order, "notify", what, attempt=rungs[what], merchant=merchant))


def one_process(seed: int, told: list[list[str]]) -> list[list[object]]:
    """
    Order after order, by one desk.
    """
    desk = FaultDesk(SeededSource(seed), STORM)
    plans = []
    for number, one in enumerate(told):
        rungs: Counter[str] = Counter()
        plans.append([step(desk, number, what, rungs) for what in one])
    return plans


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(), told=stories, workers=st.integers(1, 5), data=st.data())
def test_the_faults_of_an_order_are_the_same_over_any_processes_in_any_interleaving(seed, told, workers, data):
    turns = data.draw(st.permutations([number for number, one in enumerate(told) for _ in one]), label="turns")
    restarts = data.draw(st.sets(st.integers(0, len(turns)), max_size=4), label="restarts")
    desks = [FaultDesk(SeededSource(seed), STORM) for _ in range(workers)]
    rungs: list[Counter[str]] = [Counter() for _ in told]
    plans: list[list[object]] = [[] for _ in told]
    for moment, number in enumerate(turns):
        worker = number % 4 % workers  # merchants are sharded, and with them their orders
        if moment in restarts:
            dumped = orjson.dumps(desks[worker].dump())
            desks[worker] = FaultDesk(SeededSource(seed), STORM)
            desks[worker].load(orjson.loads(dumped))
        what = told[number][len(plans[number])]
        plans[number].append(step(desks[worker], number, what, rungs[number]))
    assert plans == one_process(seed, told)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(), told=stories, nonce=st.text(min_size=1, max_size=8))
def test_an_orders_faults_do_not_hang_on_its_number_or_its_merchant(seed, told, nonce):
    desk = FaultDesk(SeededSource(seed), STORM)
    elsewhere = [
        [
            desk.plan_reply(provider="alipay", label=f"pp{n:06d}", order=f"{nonce}-{n}", api=what, merchant=nonce)
            for what in one
            if what in APIS
        ]
        for n, one in enumerate(told)
    ]
    here = [
        [plan for plan, what in zip(plans, one, strict=True) if what in APIS]
        for plans, one in zip(one_process(seed, told), told, strict=True)
    ]
    assert elsewhere == here
