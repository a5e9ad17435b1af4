import json

import pytest

from loadtests.recorder import Recorder, is_last, ranges

BEGAN_S = 1000.0


def recorder(lines):
    return Recorder(lines.append, began_s=BEGAN_S, began_at_s=1.7e9)


def read(lines):
    return [json.loads(line) for line in lines]


def test_a_second_is_one_line_however_many_came():
    lines: list[str] = []
    record = recorder(lines)
    for number in range(100):
        intended_s = BEGAN_S + number / 1000
        record.started("tipper", intended_s=intended_s, start_s=intended_s)
        record.ended("tipper", intended_s=intended_s, end_s=intended_s + 0.2, status=201)
        record.accepted("tipper", number + 1, intended_s=intended_s)
    record.close(BEGAN_S + 2, cpu_s=0.5)

    begun, second, ended = read(lines)
    assert begun == {"worker": 0, "began_at_s": 1.7e9}
    assert (second["second"], second["started"], second["statuses"]) == (0, 100, {"201": 100})
    assert second["accepted"] == [[1, 100]]
    assert ended["cpu_s"] == 0.5
    assert [is_last(line) for line in lines] == [False, False, True]


def test_latency_runs_from_the_intended_start():
    lines: list[str] = []
    record = recorder(lines)
    record.started("tipper", intended_s=BEGAN_S, start_s=BEGAN_S + 0.3)
    record.ended("tipper", intended_s=BEGAN_S, end_s=BEGAN_S + 0.75, status=201)
    record.flush(BEGAN_S + 1)

    (line,) = read(lines[1:])
    assert line["latency"]["max_us"] == pytest.approx(750_000, abs=1)
    assert line["lag"]["max_us"] == pytest.approx(300_000, abs=1)


def test_lines_leave_once_a_second_and_add_up():
    lines: list[str] = []
    record = recorder(lines)
    for tenth in range(31):
        now_s = BEGAN_S + tenth / 10
        record.started("tipper", intended_s=now_s, start_s=now_s)
    record.flush(BEGAN_S + 4)

    told = read(lines[1:])
    assert sum(line["started"] for line in told) == 31
    assert 4 <= len(told) <= 7


def test_a_refusal_without_a_time_to_come_again_is_counted():
    lines: list[str] = []
    record = recorder(lines)
    for told_when in (True, False):
        record.ended("tipper", intended_s=BEGAN_S, end_s=BEGAN_S, status=429, retry_after=told_when)
    record.flush(BEGAN_S)

    assert read(lines)[-1]["without_retry_after"] == 1


def test_a_hundred_failures_are_told_and_all_are_counted():
    lines: list[str] = []
    record = recorder(lines)
    for number in range(130):
        record.failed("watcher", f"pp{number:06d}", "PENDING was seen after PAID")
    record.close(BEGAN_S, cpu_s=0)

    assert sum("failure" in line for line in read(lines)) == 100
    assert read(lines)[-1]["failures"] == 130


def test_numbers_become_ranges():
    assert ranges([1, 2, 3, 7, 9, 10]) == [[1, 3], [7, 7], [9, 10]]


def test_who_is_told_of_a_commit_says_how_late():
    lines: list[str] = []
    record = recorder(lines)
    record.pushed("tipper", intended_s=BEGAN_S, lag_s=0.025)
    record.flush(BEGAN_S + 1)
    (line,) = read(lines[1:])
    assert line["push"]["max_us"] == pytest.approx(25_000, abs=1)
