import io
import json

import pytest

from harness.audit import audit
from harness.checks.base import Judgement
from harness.events import (
    Audited,
    Event,
    Judged,
    Noted,
    Progressed,
    RunEnded,
    RunStarted,
    StepStarted,
    announce_to,
)
from harness.reports import ConsoleReport, JsonReport, NdjsonReport
from harness.verdict import Verdict
from tests.unit.harness.rows import order, payment, trade, webhook
from tests.unit.harness.test_audit import WITNESSED

LOST = audit(book=[trade(n) for n in range(1, 13)], ledger=[], webhooks=[], witness=WITNESSED)
CLEAN = audit(book=[trade()], ledger=[(payment(), None)], webhooks=[webhook()], witness=WITNESSED)
DOUBT = Judgement(requirement="state/never-back", verdict=Verdict.UNKNOWN, witnessed=0, reason="not put to the test")
ENDED = RunEnded(
    verdict=Verdict.UNKNOWN,
    summary={"paid": 12, "lost": 12, "elapsed_s": 1.5, "verdict": "UNKNOWN"},
    shown=("paid", "lost", "elapsed_s"),
    reasons=("no notify reached the gateway",),
)
EVENTS: list[Event] = [
    RunStarted(title="demo", facts={"seed": "7"}),
    StepStarted(number=1, total=2, text="open"),
    Progressed(what="paid", done=5, total=12),
    Progressed(what="paid", done=6, total=12),
    Noted(text="patience ran out"),
    Judged(judgement=DOUBT),
    Audited(report=LOST),
    ENDED,
]


def heard_by(make):
    stream = io.StringIO()
    listener = make(stream)
    for event in EVENTS:
        listener.hear(event)
    written = stream.getvalue()
    listener.close()
    return written


def test_a_log_gets_plain_lines():
    lines = heard_by(ConsoleReport).splitlines()

    assert lines[0] == "demo  seed 7"
    assert "  UNKNOWN  state/never-back  not put to the test" in lines
    assert (
        f"    order {order(1).partition('-')[0]} lost: 9.90 yuan paid by the buyer, the gateway does not know it  [notify/nothing-lost]"
        in lines
    )
    assert "    and 2 more" in lines
    assert lines[-5:] == [
        "paid             12",
        "lost             12",
        "elapsed s      1.50",
        "undecided: no notify reached the gateway",
        "verdict UNKNOWN",
    ]


def test_a_terminal_gets_colours():
    written = heard_by(lambda stream: ConsoleReport(stream, terminal=True))

    assert "\x1b[33mUNKNOWN" in written
    assert "elapsed s" in written


def test_a_tenth_of_progress_is_told_once():
    stream = io.StringIO()
    report = ConsoleReport(stream)
    for done in range(1001):
        report.hear(Progressed(what="paid", done=done, total=1000))

    assert len(stream.getvalue().splitlines()) == 11


def test_a_machine_gets_one_object_and_nothing_else():
    assert json.loads(heard_by(JsonReport)) == ENDED.summary


def test_a_follower_gets_a_line_for_each_event():
    lines = [json.loads(line) for line in heard_by(NdjsonReport).splitlines()]

    assert [line["event"] for line in lines] == [type(event).__name__ for event in EVENTS]
    assert lines[1] == {"event": "StepStarted", "number": 1, "total": 2, "text": "open"}
    assert lines[6]["lost"] == 12
    assert lines[7]["summary"]["paid"] == 12


def test_everybody_hears_everything_in_order():
    streams = [io.StringIO(), io.StringIO()]
    announce = announce_to([NdjsonReport(streams[0]), NdjsonReport(streams[1])])

    for event in EVENTS:
        announce(event)

    assert streams[0].getvalue() == streams[1].getvalue() != ""


@pytest.mark.parametrize("report", [CLEAN, LOST])
def test_the_audits_json_has_the_keys_that_others_rely_on(report):
    told = report.to_json()

    assert {"paid", "refunded", "lost", "credited_twice", "mismatched", "verdict"} <= told.keys()
    json.dumps(told)
