"""What somebody who watches a payment measures, and what he keeps to himself."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from loadtests import ear

NOW_S = 1.7e9
PENDING = {"type": "payment", "status": "PENDING", "ready": True}


def frames(*told):
    return [line for one in told for line in (b"id: 1-2\n", b"data: " + json.dumps(one).encode() + b"\n", b"\n")]


def paid(committed_s, type_=ear.PAID):
    return {"type": type_, "created_at": datetime.fromtimestamp(committed_s, UTC).isoformat()}


@pytest.fixture
def heard(monkeypatch):
    """
    What is heard of lines of which each comes a tenth of a second after the one before.
    """
    clock = [NOW_S]
    monkeypatch.setattr(ear, "wall_s", lambda: clock[0])

    async def lines(sent):
        for line in sent:
            clock[0] += 0.1
            yield line

    return lambda sent: asyncio.run(ear.push_lag_s(lines(sent)))


def test_the_frame_is_measured_from_the_commit(heard):
    lag_s = heard([b": \n", b"\n", *frames(PENDING, paid(NOW_S + 0.5))])
    assert lag_s == pytest.approx(0.2, abs=1e-3)


def test_other_events_are_waited_out(heard):
    lag_s = heard(frames(PENDING, paid(NOW_S + 0.3, "payment.shipped"), paid(NOW_S + 0.6)))
    assert lag_s == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize(
    "sent",
    [
        [],
        frames(PENDING),
        frames({**PENDING, "status": "PAID"}, paid(NOW_S + 0.9)),
        frames(PENDING, paid(NOW_S - 5)),
    ],
)
def test_who_came_too_late_or_heard_nothing_measures_nothing(heard, sent):
    assert heard(sent) is None
