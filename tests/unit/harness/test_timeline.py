"""
The picture of a run: what stands where, in which colour, and how long nights are folded.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest

from harness.history import History
from harness.reports.timeline import Axis, draw_timeline, span, timeline_of

BEGUN = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Steady:
    """A clock that stands where it was put."""

    def __init__(self):
        self.moment = BEGUN

    def now(self):
        return self.moment


@pytest.fixture
def clock():
    return Steady()


@pytest.fixture
def history(clock):
    return History(clock, real=clock)


def paid(history, clock, order, *, at_s):
    clock.moment = BEGUN + timedelta(seconds=at_s)
    asked = history.invoke("pay", order=order)
    history.ok(asked)


def notified(history, order, *, at_s, kind="true", acked=True, delivered=True, faults=()):
    due_at = (BEGUN + timedelta(seconds=at_s)).isoformat()
    status = 200 if delivered else None
    history.fact(
        "notify", order=order, kind=kind, faults=list(faults), attempt=1, due_at=due_at, delivered=delivered,
        status=status, acked=acked,
    )  # fmt: skip


def told(history, order, *, at_s, event="ev1", taken=True):
    received_at = (BEGUN + timedelta(seconds=at_s)).isoformat()
    history.fact("webhook", order=order, type="payment.paid", event_id=event, told=taken, received_at=received_at)


def tones(history, lane):
    return [(dot.tone, dot.hollow) for dot in timeline_of(history, one_time=True).dots if dot.lane == lane]


def test_a_true_notify_is_good_when_it_is_acked_and_hollow_when_it_never_came(history):
    notified(history, "a", at_s=0)
    notified(history, "a", at_s=1, acked=False)
    notified(history, "a", at_s=2, acked=False, delivered=False, faults=["drop"])

    assert tones(history, "true notify") == [("good", False), ("bad", False), ("soft", True)]


def test_a_lie_is_good_when_it_is_refused(history):
    notified(history, "a", at_s=0, kind="forged", acked=False)
    notified(history, "a", at_s=1, kind="forged", acked=True)

    assert tones(history, "lie") == [("good", False), ("bad", False)]


def test_the_same_news_under_another_id_is_one_too_many(history):
    told(history, "a", at_s=0)
    told(history, "a", at_s=1)
    told(history, "a", at_s=2, event="ev2")

    assert tones(history, "platform told") == [("good", False), ("good", False), ("bad", False)]


def test_what_is_paid_is_owed_until_the_platform_takes_the_news(history, clock):
    paid(history, clock, "a", at_s=0)
    paid(history, clock, "b", at_s=1)
    told(history, "a", at_s=2, taken=False)
    told(history, "a", at_s=5)
    picture = timeline_of(history, one_time=True)

    assert list(picture.owed) == [(0, 1), (1, 2), (5, 1)]
    assert list(picture.lags) == [(0, 5)]


def test_what_was_advanced_moved_the_schedule_alone_where_time_is_real(history, clock):
    paid(history, clock, "a", at_s=0)
    history.fact("advance", seconds=3600.0)
    paid(history, clock, "b", at_s=1)
    notified(history, "b", at_s=3601)

    assert {dot.x for dot in timeline_of(history, one_time=False).dots} == {3600, 3601}
    assert {dot.x for dot in timeline_of(history, one_time=True).dots} == {0, 1, 3601}


def test_a_night_is_folded_and_nothing_changes_places():
    places = [0.0, 1.0, 2.0, 86_400.0, 86_401.0]
    axis = Axis(places)
    drawn = [axis.x(place) for place in places]

    assert drawn == sorted(drawn)
    assert [round(gap) for _, _, gap in axis.folds] == [86_398]
    assert drawn[1] - drawn[0] > 60


def test_an_empty_history_draws_an_empty_picture(history):
    assert "<circle" not in draw_timeline(timeline_of(history, one_time=True))


def test_what_a_gateway_wrote_cannot_leave_its_text(history, clock):
    paid(history, clock, "<script>", at_s=0)

    assert "<script>" not in draw_timeline(timeline_of(history, one_time=True))


def test_a_span_is_told_as_people_say_it():
    assert [span(length_s) for length_s in (0.4, 12, 240, 5400, 172_800)] == ["0.4 s", "12 s", "4 min", "1.5 h", "2 d"]


def befell(history, clock, *moments):
    for at_s, kind, value in moments:
        clock.moment = BEGUN + timedelta(seconds=at_s)
        history.fact(kind, **value)


def spans(history):
    return [(one.what, one.word, one.from_x, one.to_x) for one in timeline_of(history, one_time=True).troubles]


def test_a_bar_lasts_from_what_begins_it_to_what_ends_it(history, clock):
    befell(history, clock, (0, "kill", {"what": "gateway-1"}), (1, "pause", {"what": "gateway-2"}),
           (2, "cut", {"what": "gateway->alipay", "how": "refuse"}), (3, "slow", {"what": "gateway->redis"}),
           (4, "restart", {"what": "gateway"}), (5, "heal", {"what": "gateway->provider"}),
           (6, "outage", {"provider": "alipay"}), (7, "heal", {"what": ""}))  # fmt: skip

    assert spans(history) == [
        ("gateway-1", "dead", 0, 4), ("gateway-2", "frozen", 1, 4), ("gateway->alipay", "cut", 2, 5),
        ("gateway->redis", "slow", 3, 7), ("alipay", "out of order", 6, 7),
    ]  # fmt: skip


def test_a_bar_that_nobody_ends_reaches_the_end_and_only_its_own_end_counts(history, clock):
    befell(history, clock, (0, "outage", {"provider": "alipay"}), (1, "cut", {"what": "gateway->alipay"}),
           (2, "heal", {"provider": "unionpay"}), (3, "pause", {"what": "redis"}), (4, "restart", {"what": "gateway"}),
           (5, "heal", {"what": "gateway->redis"}))  # fmt: skip

    assert spans(history) == [
        ("alipay", "out of order", 0, 5), ("gateway->alipay", "cut", 1, 5), ("redis", "frozen", 3, 5),
    ]  # fmt: skip


def test_a_bar_says_how_long_and_moments_that_nobody_could_tell_apart_have_one_line(history, clock):
    befell(history, clock, (0, "kill", {"what": "redis"}), (0.001, "flush", {"what": "redis"}),
           (30, "advance", {"seconds": 1}), (60, "restart", {"what": "redis"}))  # fmt: skip

    drawn = draw_timeline(timeline_of(history, one_time=True))

    assert "redis dead for 1 min" in drawn
    assert re.findall(r"stroke-dasharray.*?>([\d\u2013]+)</text>", drawn) == ["1\u20132", "3", "4"]


def test_what_is_paid_and_told_at_the_same_moment_is_never_owed_less_than_nothing(history, clock):
    for order in ("a", "b"):
        paid(history, clock, order, at_s=1)
        told(history, order, at_s=1)

    assert [owed for _, owed in timeline_of(history, one_time=True).owed] == [1, 2, 1, 0]
