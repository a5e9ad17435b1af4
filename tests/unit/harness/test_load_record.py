import json

import pytest

from harness.errors import LoadError
from harness.load.record import LoadRecord, Numbers, read_record
from tests.unit.harness.rows import NOON

HEAD = {"worker": 0, "began_at_s": NOON.timestamp()}


def line(second=0, *, kind="tipper", statuses=None, accepted=(), started=None, **more):
    counts = {"201": 1} if statuses is None else statuses
    return {
        "worker": 0,
        "second": second,
        "kind": kind,
        "started": sum(counts.values()) if started is None else started,
        "statuses": counts,
        "latency": {"max_us": 250_000, "buckets": {"826": sum(counts.values())}},
        "accepted": list(accepted),
        **more,
    }


def write(file, *lines, torn=""):
    file.write_text("".join(json.dumps(one) + "\n" for one in lines) + torn)
    return file


def test_lines_of_all_workers_add_up(tmp_path):
    other = {**HEAD, "worker": 1, "began_at_s": NOON.timestamp() - 1}
    ends = [{"worker": worker, "ended_s": 3, "cpu_s": 0.5, "failures": 0} for worker in (0, 1)]
    lines = [HEAD, line(0, accepted=[[1, 1]]), other, line(0, accepted=[[2, 2]]), line(2, statuses={"429": 3}), *ends]
    record = read_record(write(tmp_path / "r", *lines))

    assert (record.opened.started, record.opened.accepted, record.opened.refused) == (5, 2, 3)
    assert list(record.accepted) == [1, 2]
    assert record.seconds[0].started == 2
    assert (record.ended, record.cpu_s) == (2, 1.0)
    assert record.began_at.timestamp() == NOON.timestamp() - 1


@pytest.mark.parametrize(
    ("status", "accepted", "refused", "unanswered"),
    [("201", 1, 0, 0), ("202", 1, 0, 0), ("429", 0, 1, 0), ("409", 0, 1, 0), ("503", 0, 0, 1), ("0", 0, 0, 1)],
)
def test_what_counts_as_an_answer(tmp_path, status, accepted, refused, unanswered):
    opened = read_record(write(tmp_path / "r", HEAD, line(statuses={status: 1}))).opened

    assert (opened.accepted, opened.refused, opened.unanswered) == (accepted, refused, unanswered)


def test_questions_on_the_way_are_no_payments(tmp_path):
    record = read_record(write(tmp_path / "r", HEAD, line(), line(kind="look", statuses={"200": 4})))

    assert record.opened.started == 1
    assert record.asked["look"].accepted == 4


def test_a_visitor_who_saw_something_is_heard(tmp_path):
    seen = {"worker": 0, "failure": "PENDING was seen after PAID", "kind": "watcher", "order": "pp000001-run1"}

    assert read_record(write(tmp_path / "r", HEAD, seen)).failures == [
        ("watcher", "pp000001-run1", "PENDING was seen after PAID")
    ]


def test_a_torn_last_line_is_left_out(tmp_path):
    assert read_record(write(tmp_path / "r", HEAD, line(), torn='{"second": 1')).opened.started == 1


@pytest.mark.parametrize("lines", [[], [line()], [HEAD, {"second": 1}], [HEAD, [1]]])
def test_a_damaged_record_is_our_fault(tmp_path, lines):
    with pytest.raises(LoadError):
        read_record(write(tmp_path / "r", *lines))


def test_no_record_is_our_fault(tmp_path):
    with pytest.raises(LoadError, match="wrote nothing"):
        read_record(tmp_path / "gone")


def test_a_record_without_lines_has_nothing():
    assert LoadRecord(began_at=NOON).opened.latency.summary() is None


def test_a_million_numbers_take_a_bit_each():
    numbers = Numbers()
    numbers.add(1, 1_000_000)
    for number in range(1, 1_000_001, 2):
        numbers.discard(number)
    numbers.discard(1)
    numbers.discard(9_999_999)

    assert numbers.count == 500_000
    assert sum(1 for _ in numbers) == 500_000
    assert numbers.bytes < 200_000
