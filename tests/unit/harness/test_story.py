"""
A finding's story: in order although no time passes, its evidence marked, and short although much happened.
"""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.control import Exchange
from harness.history import Operation, Phase
from harness.reports.sequence import sequence
from harness.reports.story import Row, shortest, story_of
from harness.reports.wire_bytes import MASKED, shown
from harness.verdict import Finding
from harness.words import Words

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
ORDER = "pp000001-check"
EN = Words("en")


def history(*lines, at=NOON):
    """
    Each line is (kind, phase, value), or with `of` for an ending.
    """
    told = []
    for index, (kind, phase, value) in enumerate(lines):
        of = value.pop("of", None)
        told.append(Operation(index=index, kind=kind, phase=phase, at=at, real_at=at, of=of, order=ORDER, value=value))
    return told


def exchange(seq, *, direction="in", api="alipay.trade.precreate", fault="", acked=None, at=NOON, headers=()):
    raw = {
        "seq": seq,
        "direction": direction,
        "provider": "alipay",
        "api": api,
        "order": "G1",
        "label": "pp000001",
        "request": {
            "method": "POST",
            "target": "/gateway.do",
            "headers": [["Host", "x"], *headers],
            "body_b64": base64.b64encode("金额=9.90".encode()).decode(),
        },
        "response": {"status": 200, "headers": [], "body_b64": base64.b64encode(b"\xff\xfe\x00").decode()},
        "string_to_sign": "a=1&b=2",
        "signature_ok": True,
        "fault": fault,
        "acked": acked,
        "stamp_at": at.isoformat(),
        "schedule_at": at.isoformat(),
    }
    return Exchange.from_json(raw)


def notify(**more):
    due = more.pop("due_at", NOON).isoformat()
    value = {"event": "payment", "kind": "true", "faults": [], "attempt": 1, "delivered": True, "status": 200}
    return ("notify", Phase.FACT, {**value, "acked": True, "due_at": due, **more})


TWICE: tuple[tuple[str, Phase, dict[str, Any]], ...] = (
    ("create", Phase.INVOKE, {"channel": "alipay", "amount_fen": 990}),
    ("create", Phase.OK, {"of": 0, "status": "PENDING"}),
    ("pay", Phase.INVOKE, {}),
    ("pay", Phase.OK, {"of": 2, "paid_fen": 990}),
    notify(),
    notify(kind="duplicate", faults=["duplicate"]),
    ("webhook", Phase.FACT, {"event_id": "e1", "type": "payment.paid", "told": True, "received_at": NOON.isoformat()}),
    ("book", Phase.FACT, {"number": "G1", "state": "PAID", "paid_fen": 990, "refunded_fen": 0}),
    ("call", Phase.FACT, {"verb": "open", "api": "alipay.trade.precreate", "seq": 1, "status": 200, "number": "G1"}),
    ("ledger", Phase.FACT, {"number": "G1", "status": "PAID", "credits": [990, 990]}),
)
WIRE = [
    exchange(1),
    exchange(2, direction="out", api="payment", acked=True),
    exchange(3, direction="out", api="payment", acked=True, fault="duplicate"),
]


def found(*evidence):
    return Finding(
        id="idempotency/credited-once",
        requirement="…",
        expected="1 credit",
        actual="2 credits",
        order=ORDER,
        evidence=evidence,
        money=f"order {ORDER} credited twice: 9.90 yuan too much",
    )


def twice():
    return history(*((kind, phase, dict(value)) for kind, phase, value in TWICE))


def test_what_takes_no_time_is_told_in_order():
    rows = story_of(found(4, 5), twice(), WIRE, words=EN)

    assert [row.kind for row in rows] == [
        "ask", "call", "answer", "buyer", "notify", "notify", "webhook", "state", "state",
    ]  # fmt: skip
    assert rows[-1].text == "ledger: PAID, credited 9.90 yuan + 9.90 yuan"


def test_the_evidence_is_marked_and_has_its_bytes():
    rows = story_of(found(4, 5), twice(), WIRE, words=EN)

    marked = [row for row in rows if row.evidence]
    assert [row.kind for row in marked] == ["notify", "notify"]
    assert [row.exchange.seq for row in marked if row.exchange is not None] == [2, 3]
    assert [row.number for row in rows if row.number] == [1, 2, 3]


def test_a_notify_that_never_arrived_is_drawn_broken():
    lines = history(*TWICE[:0], notify(delivered=False, status=None, acked=False))

    (row,) = story_of(found(0), lines, [], words=EN)

    assert row.broken
    assert "arrow bad" in sequence([row], words=EN)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("unknown_order", "unknown order"),
        ("wrong_recipient", "somebody else's"),
        ("says_failed", "says that it failed"),
        ("of_tomorrow", "about something else"),
    ],
)
def test_a_stray_notify_is_called_by_what_it_was(fault, said):
    (row,) = story_of(found(0), history(notify(kind="stray", faults=["duplicate", fault])), [], words=EN)

    assert row.text == f"notify payment ({said})"


def test_a_long_story_keeps_its_evidence_and_says_what_it_leaves_out():
    later = [notify(attempt=n, due_at=NOON + timedelta(hours=n)) for n in range(40)]
    rows = story_of(found(45), history(*((k, p, dict(v)) for k, p, v in (*TWICE, *later))), WIRE, words=EN)

    told = shortest(rows)

    left_out = sum(row for row in told if isinstance(row, int))
    assert len(told) < 24
    assert left_out + sum(isinstance(row, Row) for row in told) == len(rows)
    assert any(isinstance(row, Row) and row.line == 45 and row.evidence for row in told)


def test_a_header_that_carries_a_secret_is_masked():
    told = shown(exchange(1, headers=[["Cookie", "session=s3cret"]]), number=1, evidence=True, words=EN)

    assert dict(told.request.headers)["Cookie"] == MASKED
    assert told.request.body == "金额=9.90"
    assert told.answer is not None
    assert told.answer.body == "ff fe 00"
