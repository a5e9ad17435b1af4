import asyncio
import json
from datetime import timedelta

import pytest

from harness.audit import audit
from harness.control import BuyerAction
from harness.errors import ControlError, LoadError
from harness.load.buyers import PAGE, Buyers
from harness.load.command import LoadPlan, Settled, summary_of
from harness.load.record import LoadRecord, Request, percentile, read_record, summarise
from tests.unit.harness.rows import NOON, order, payment, trade, webhook
from tests.unit.harness.test_audit import WITNESSED

HEAD = {"began_s": 100.0, "began_at_s": NOON.timestamp()}
PLAN = LoadPlan(shape="steady", rate=50, duration_s=10, seed=7)


def line(number, *, status=201, took_s=0.25, late_s=0.0):
    intended_s = 100.0 + number
    start_s = intended_s + late_s
    return {
        "order": order(number),
        "intended_s": intended_s,
        "start_s": start_s,
        "end_s": start_s + took_s,
        "status": status,
    }


def write(file, *lines, torn=""):
    file.write_text("".join(json.dumps(one) + "\n" for one in lines) + torn)
    return file


def test_latency_runs_from_the_intended_start(tmp_path):
    record = read_record(write(tmp_path / "r", HEAD, line(1, late_s=0.5)))

    assert record.requests[0].latency_ms == pytest.approx(750)
    assert record.requests[0].lag_ms == pytest.approx(500)
    assert record.began_at == NOON


def test_a_torn_last_line_is_left_out(tmp_path):
    assert len(read_record(write(tmp_path / "r", HEAD, line(1), torn='{"order": "pp')).requests) == 1


@pytest.mark.parametrize("lines", [[], [line(1)], [HEAD, {"order": 1}]])
def test_a_damaged_record_is_our_fault(tmp_path, lines):
    with pytest.raises(LoadError):
        read_record(write(tmp_path / "r", *lines))


def test_no_record_is_our_fault(tmp_path):
    with pytest.raises(LoadError, match="wrote nothing"):
        read_record(tmp_path / "gone")


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (95, 95), (99, 99), (100, 100), (0.1, 1)])
def test_percentiles_are_values_that_were_measured(percent, value):
    assert percentile(range(1, 101), percent) == value


def test_of_nothing_there_are_no_percentiles():
    assert summarise([]) is None
    assert summarise([3.0, 1.0]) == {"p50": 1.0, "p95": 3.0, "p99": 3.0, "max": 3.0}


@pytest.mark.parametrize(
    ("status", "accepted", "refused"),
    [
        (201, True, False),
        (202, True, False),
        (429, False, True),
        (409, False, True),
        (503, False, False),
        (0, False, False),
    ],
)
def test_what_counts_as_an_answer(status, accepted, refused):
    request = Request(**line(1, status=status))

    assert (request.accepted, request.refused) == (accepted, refused)


class Book:
    """
    A control API with a growing book.
    """

    def __init__(self):
        self.rows = []
        self.paid = []

    async def trades_page(self, *, after, limit):
        begin = int(after or 0)
        page = self.rows[begin : begin + limit]
        more = begin + limit < len(self.rows)
        return tuple(page), str(begin + limit) if more else None

    async def buyer(self, provider, out_trade_no, *, action):
        if out_trade_no == "T13":
            raise ControlError("closed", status=409, code="closed")
        assert action is BuyerAction.PAY
        self.paid.append(out_trade_no)


class Looking:
    """
    A clock whose sleepers wake at once, after something happened to the book.
    """

    def __init__(self, *happenings):
        self.happenings = list(happenings)

    def now(self):
        return NOON

    async def sleep(self, seconds):
        if self.happenings:
            self.happenings.pop(0)()


@pytest.mark.asyncio
async def test_each_trade_is_paid_once_however_often_the_book_is_read():
    book, over = Book(), asyncio.Event()
    total = PAGE * 2 + 7

    def opened(first, last):
        return lambda: book.rows.extend(trade(number, paid=0) for number in range(first, last))

    clock = Looking(opened(1, 10), opened(10, total), opened(total, total + 1), over.set)
    buyers = Buyers(book, clock=clock)

    await buyers.follow(over)

    assert sorted(book.paid) == sorted(f"T{number}" for number in range(1, total + 1) if number != 13)
    assert (buyers.paid, buyers.refused) == (total - 1, 1)


@pytest.mark.asyncio
async def test_what_was_opened_at_the_very_end_is_paid_too():
    book, over = Book(), asyncio.Event()

    def end():
        book.rows.append(trade(1, paid=0))
        over.set()

    await Buyers(book, clock=Looking(end)).follow(over)

    assert book.paid == ["T1"]


def told(number, *, after_s, answered=200):
    event = webhook(number, answered=answered)
    return type(event)(
        event_id=f"e{number}",
        type=event.type,
        merchant_order_no=event.merchant_order_no,
        data=event.data,
        received_at=NOON + timedelta(seconds=after_s),
        answered=event.answered,
    )


def test_settled_is_acked_and_told():
    events = [
        told(1, after_s=2),
        told(2, after_s=4),
        told(2, after_s=90),
        told(3, after_s=8),
        told(4, after_s=9, answered=500),
    ]

    settled = Settled.of(events, acked_labels={"pp000001", "pp000002", "pp000004"})

    assert (settled.payments, settled.last_at) == (2, NOON + timedelta(seconds=4))


def test_the_summary_has_the_keys_and_invents_nothing():
    record = LoadRecord(
        began_at=NOON, requests=tuple(Request(**line(n, status=s)) for n, s in enumerate([201, 202, 429, 500, 0]))
    )
    report = audit(book=[trade()], ledger=[(payment(), None)], webhooks=[webhook()], witness=WITNESSED)

    summary = summary_of(
        PLAN, record=record, report=report, settled=Settled(payments=2, last_at=NOON + timedelta(seconds=4))
    )

    assert summary["payments_per_s"] == pytest.approx(0.5)
    assert (summary["sent"], summary["refused"], summary["unanswered"]) == (5, 1, 2)
    assert summary["latency_ms"]["p99"] == pytest.approx(250)
    assert summary["limited_by"] is None
    assert {"shape", "channel_mix", "settled", "lost", "credited_twice", "verdict"} <= summary.keys()


def test_nothing_settled_is_no_rate():
    report = audit(book=[], ledger=[], webhooks=[], witness=WITNESSED)

    summary = summary_of(
        PLAN, record=LoadRecord(began_at=NOON, requests=()), report=report, settled=Settled(payments=0, last_at=None)
    )

    assert (summary["payments_per_s"], summary["latency_ms"], summary["verdict"]) == (None, None, "UNKNOWN")
