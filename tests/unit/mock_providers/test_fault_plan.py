"""
Faults that strike together make one plan, whatever the order of the rules.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.plans import PLAIN_DELIVERY, PLAIN_REPLY, Counts, Hold, Kind
from mock_providers.faults.delay import Delay
from mock_providers.faults.drop import Drop
from mock_providers.faults.drop_all import DropAll
from mock_providers.faults.duplicate import Duplicate
from mock_providers.faults.forged_signature import ForgedSignature
from mock_providers.faults.plan import compose_notify, compose_reply
from mock_providers.faults.reorder import Reorder
from mock_providers.faults.tampered_amount import TamperedAmount
from mock_providers.faults.timeout_after import TimeoutAfter

ALL = [
    Duplicate(copies=2),
    Delay(seconds=3),
    Drop(),
    DropAll(),
    Reorder(behind=2, hold_s=5),
    ForgedSignature(),
    TamperedAmount(add_fen=7),
]


def kinds(plan):
    return [(one.wave, one.kind) for one in sorted(plan.deliveries, key=lambda one: one.wave)]


def test_no_fault_is_one_true_delivery():
    assert compose_notify([]) == PLAIN_DELIVERY
    assert compose_reply([]) == PLAIN_REPLY
    assert [one.kind for one in PLAIN_DELIVERY.deliveries] == [Kind.TRUE]


@given(st.permutations(ALL))
def test_the_order_of_rules_does_not_matter(faults):
    assert compose_notify(faults) == compose_notify(ALL)


def test_lies_come_before_the_truth_and_copies_after_it():
    plan = compose_notify([Duplicate(copies=2), ForgedSignature(), TamperedAmount()])
    assert kinds(plan) == [
        (0, Kind.FORGED), (1, Kind.TAMPERED), (2, Kind.TRUE), (3, Kind.DUPLICATE), (4, Kind.DUPLICATE),
    ]  # fmt: skip


def test_concurrent_copies_leave_with_the_true_one():
    plan = compose_notify([Duplicate(copies=3, concurrent=True, spacing_s=9), ForgedSignature()])
    assert [one.kind for one in plan.deliveries if one.wave == 1] == [Kind.TRUE] + [Kind.DUPLICATE] * 3
    assert {one.offset_s for one in plan.deliveries} == {0.0}


def test_spaced_copies_leave_later():
    plan = compose_notify([Duplicate(copies=2, spacing_s=1.5)])
    assert [one.offset_s for one in plan.deliveries] == [0.0, 1.5, 3.0]


def test_only_forgeries_bear_a_strangers_signature():
    plan = compose_notify([ForgedSignature(), TamperedAmount(signed=True), TamperedAmount(signed=False), Duplicate()])
    assert [one.kind for one in plan.deliveries if one.forged] == [Kind.FORGED, Kind.TAMPERED]
    assert [one.add_fen for one in plan.deliveries if one.kind is not Kind.TAMPERED] == [0, 0, 0]


def test_whole_attempts_are_delayed_held_and_lost():
    plan = compose_notify([Delay(seconds=1), Delay(seconds=2), Reorder(behind=2, hold_s=5), Drop()])
    assert (plan.delay_s, plan.hold, plan.lost, plan.ladder_over) == (3.0, Hold(2, 5), True, False)
    assert compose_notify([DropAll()]).ladder_over


def test_answers_are_delayed_and_withheld():
    plan = compose_reply([TimeoutAfter(), Delay(seconds=2)])
    assert (plan.delay_s, plan.hang_up, plan.faults) == (2.0, "close", ("delay", "timeout_after"))


def test_counts_follow_the_plan():
    counts = Counts()
    counts.published(compose_notify(ALL))
    counts.published(PLAIN_DELIVERY)
    assert counts == replace(
        Counts(),
        notifies_sent=6,
        notifies_duplicate=2,
        notifies_forged=1,
        notifies_tampered=1,
        notifies_dropped=1,
        notifies_delayed=1,
        notifies_reordered=1,
    )
