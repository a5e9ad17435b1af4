"""
`python -m tools.audit_many N`: N payments of one run through the audit, with planted faults; what it found and what it
took.

Rows are made as they are asked for, so that what is held is held by the audit.
"""

import json
import resource
import sys
import time
from datetime import UTC, datetime

from harness.audit import Auditor, Witness
from harness.control import Trade
from harness.sut.contract import Payment, Posting
from harness.sut.sink import WebhookEvent

BYTES_MAX = 1000
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LOST, TWICE, SHORT = 7, 77, 777


def _trade(number: int) -> Trade:
    return Trade(
        provider="alipay", out_trade_no=f"G{number:024d}", trade_no=f"2026{number:024d}", label=f"pp{number:06d}",
        total_fen=990, state="PAID", paid_fen=990, refunded_fen=0,
    )  # fmt: skip


def _event(number: int) -> WebhookEvent:
    order = f"pp{number:06d}-0123abcd"
    return WebhookEvent(
        event_id=f"ev{number:024d}", type="payment.paid", merchant_order_no=order, data={"amount_fen": 990},
        received_at=NOON, answered=200,
    )  # fmt: skip


def _payment(number: int) -> Payment:
    credit = Posting(entry_id=f"lt{number:024d}", amount_fen=980 if number == SHORT else 990)
    return Payment(
        id=f"pay{number:024d}", merchant_order_no=f"pp{number:06d}-0123abcd", out_trade_no=f"G{number:024d}",
        channel="alipay", amount_fen=990, status="PENDING" if number == LOST else "PAID", refund_status="NONE",
        refunded_fen=0, credits=(credit, credit) if number == TWICE else (credit,), debits=(),
    )  # fmt: skip


def main(count: int) -> int:
    """
    Audit, and print one JSON object.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun_s = time.process_time()
    auditor = Auditor()
    for number in range(count):
        auditor.add_trade(_trade(number))
    for number in range(count):
        auditor.add_webhook(_event(number))
    for number in range(count):
        auditor.add_payment(_payment(number))
    report = auditor.report(Witness(notifies_delivered=count, notifies_acked=count))
    each = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / count
    found = (report.lost, report.credited_twice, report.mismatched)
    told = {
        "payments": report.payments, "lost": report.lost, "credited_twice": report.credited_twice,
        "mismatched": report.mismatched, "cpu_s": round(time.process_time() - begun_s, 1),
        "bytes_per_payment": round(each), "ok": found == (1, 1, 1) and report.payments == count and each < BYTES_MAX,
    }  # fmt: skip
    print(json.dumps(told))
    return 0 if told["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
