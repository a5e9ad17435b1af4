"""
Which states met which faults, out of small histories.
"""

from datetime import UTC, datetime, timedelta

import pytest

from harness.clock import SystemClock
from harness.grid import HARD, Grid, State
from harness.history import History

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class Hours(SystemClock):
    """A clock whose hour a test sets."""

    hours = 0

    def now(self):
        return NOON + timedelta(hours=self.hours)


@pytest.fixture
def history():
    clock = Hours()
    told = History(clock, real=clock)
    told.ok(told.invoke("create", order="o", channel="alipay", amount_fen=990), status="PENDING")
    return told, clock


def test_a_kill_is_met_by_every_order_in_its_state(history):
    told, _ = history
    told.fact("kill", what="gateway")
    told.ok(told.invoke("pay", order="o"), paid_fen=990)
    told.fact("kill", what="gateway")

    grid = Grid()
    grid.add(told)

    assert grid.cells == {("open", "kill"): 1, ("paid", "kill"): 1}


def test_a_notify_met_its_faults_in_the_state_of_its_hour(history):
    told, clock = history
    told.ok(told.invoke("pay", order="o"), paid_fen=990)
    clock.hours = 2
    told.ok(told.invoke("refund", order="o", refund_no="r", amount_fen=990), refund_state="SUCCEEDED")
    for hour in (1, 3):
        due_at = (NOON + timedelta(hours=hour)).isoformat()
        told.fact("notify", order="o", kind="duplicate", faults=["duplicate"], due_at=due_at)
    told.fact("call", order="o", verb="refund", fault="timeout_after")

    grid = Grid()
    grid.add(told)

    assert grid.cells == {("paid", "duplicate"): 1, ("refunded", "duplicate"): 1, ("refunding", "timeout_after"): 1}


def test_money_that_comes_after_the_end_is_late_and_hard_places_that_nobody_reached_are_named(history):
    told, _ = history
    told.ok(told.invoke("close", order="o"), status="CLOSED")
    told.ok(told.invoke("pay_late", order="o"), paid_fen=990)
    told.fact("kill", what="gateway")

    grid = Grid()
    grid.add(told)

    assert (State.LATE, "kill") not in grid.missing
    assert len(grid.missing) == len(HARD) - 1
    assert grid.to_json()["hard_reached"] == 1
    assert grid.rows() == [("kill", 0, 0, 0, 0, 0, 0, 1)]
