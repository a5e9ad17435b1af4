"""
The audit of many payments: rows that stream past, memory that stays small, time in proportion.
"""

import time
import tracemalloc

import pytest

from harness.audit import Auditor
from harness.load.spool import webhooks
from harness.verdict import Verdict
from tests.unit.harness.rows import NOON, order, payment, trade, webhook
from tests.unit.harness.test_audit import WITNESSED

ROWS = 100_000
# What is held of a payment at the worst moment; a million of them take half a gigabyte.
BYTES_MAX = 640


def audited(rows, *, lost=(), twice=()):
    """
    Rows made as they are asked for, so that only the audit holds them.
    """
    auditor = Auditor()
    for number in range(rows):
        auditor.add_trade(trade(number))
    for number in range(rows):
        auditor.add_webhook(webhook(number, event=f"ev{number}"))
    for number in range(rows):
        if number not in lost:
            auditor.add_payment(payment(number, credited=(990, 990) if number in twice else (990,)))
    return auditor.report(WITNESSED)


def spent_s(rows):
    begun_s = time.process_time()
    audited(rows)
    return time.process_time() - begun_s


def test_a_hundred_thousand_payments_are_judged_one_by_one():
    report = audited(ROWS, lost={17, 99_999}, twice={4711})

    assert (report.payments, report.paid, report.webhooks) == (ROWS - 2, ROWS, ROWS)
    assert (report.lost, report.credited_twice, report.verdict) == (2, 1, Verdict.FAIL)


def test_time_grows_in_proportion():
    spent_s(1000)
    few, many = min(spent_s(2000) for _ in range(3)), min(spent_s(16_000) for _ in range(2))

    assert many / few < 8 * 2


def test_a_payment_takes_a_few_hundred_bytes():
    tracemalloc.start()
    audited(20_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak / 20_000 < BYTES_MAX


def test_webhooks_on_disk_are_the_webhooks_that_came(tmp_path):
    spool = webhooks(tmp_path / "webhooks.ndjson")
    events = [webhook(1), webhook(2, answered=500), webhook(2), webhook(3, kind="refund.succeeded", refund=40)]
    for event in events:
        spool.append(event)

    told = list(spool)
    assert len(spool) == 4
    for event, read in zip(events, told, strict=True):
        assert (read.event_id, read.type, read.told, read.received_at) == (event.event_id, event.type, event.told, NOON)
        assert (read.data["amount_fen"], read.merchant_order_no) == (event.data["amount_fen"], event.merchant_order_no)
    assert told[3].data["refund"]["amount_fen"] == 40
    assert order(1) == told[0].merchant_order_no
    assert [one.event_id for one in spool] == [one.event_id for one in told]
    spool.close()


@pytest.mark.parametrize("answered", [200, 500])
def test_a_webhook_that_comes_again_changes_nothing(answered):
    auditor = Auditor()
    auditor.add_trade(trade(1))
    for status in (answered, 200, 200):
        auditor.add_webhook(webhook(1, answered=status))
    auditor.add_payment(payment(1))

    assert auditor.report(WITNESSED).verdict is Verdict.PASS
