"""
The tales of bursts; the same shapes as in the tales of everything else.
"""

from tests.unit.harness.rows import order
from tests.unit.harness.tale import Tale

MET = {
    "spike/notifies": lambda tale: tale.mark("spike-notifies"),
    "spike/refunds": lambda tale: tale.mark("spike-refunds").refund(fen=400),
    "spike/platform-told": lambda tale: tale.mark("spike-told"),
}
KEPT = {"spike/accepted-kept": "spike", "spike/slow-provider": "spike-slow", "spike/killed": "spike-killed"}


def twice_paid():
    """Asked for, and paid under each number that it had."""
    return Tale().asked().mark("paid-under-each")


def unpayable(mark):
    """Accepted, and its buyer found nothing to pay for."""
    tale = Tale().mark(mark).asked().bought(ends="fail")
    return tale.book(paid=0, state="WAITING").ledger(status="PENDING")


def turned_away(status=429, later_s=1.0):
    tale = Tale().mark("spike")
    invoked = tale.history.invoke("create", order=order(1), amount_fen=990)
    tale.history.fail(invoked, status_code=status, retry_after_s=later_s)
    return tale


OTHERS = [
    *((name, "PASS", Tale().mark(mark).asked().bought().right()) for name, mark in KEPT.items()),
    *((name, "FAIL", Tale().mark(mark).asked().bought().wrong()) for name, mark in KEPT.items()),
    *((name, "UNKNOWN", Tale().asked().bought().right()) for name in KEPT),
    *((name, "FAIL", unpayable(mark)) for name, mark in KEPT.items()),
    *((name, "FAIL", Tale().mark(mark).asked()) for name, mark in KEPT.items()),
    *((name, "PASS", Tale().mark(mark).asked().ledger(status="PENDING")) for name, mark in KEPT.items()),
    *((name, "UNKNOWN", Tale().mark(mark).asked(ends="fail").right()) for name, mark in KEPT.items()),
    ("concurrency/clicks-at-once", "FAIL", Tale().mark("clicks-at-once").asked().asked(payment_id="pay-2").right()),
    (
        "crash/while-opening",
        "FAIL",
        Tale().mark("killed-while-opening").asked().asked().right().book(number="T2", paid=0, state="WAITING"),
    ),
    (
        "spike/refunds",
        "FAIL",
        Tale().mark("spike-refunds").refund(fen=400).refund(fen=400).book(refunded=800).ledger(990, debits=(400, 400)),
    ),
    (
        "refund/unknown-same-number",
        "PASS",
        Tale().call("refund", fault="busy", refund_no="R1").call("refund", refund_no="R1"),
    ),
    (
        "refund/same-number-at-once",
        "FAIL",
        Tale().mark("one-refund-at-once").refund(fen=400).refund(fen=400).book(refunded=800).ledger(990, debits=(800,)),
    ),
    ("refund/other-amount-refused", "PASS", Tale().asked(kind="refund_other", ends="fail")),
    ("refund/other-amount-refused", "FAIL", Tale().asked(kind="refund_other")),
    ("refund/other-amount-refused", "UNKNOWN", Tale().asked(kind="refund_other", ends="unknown")),
    ("money/paid-twice", "PASS", twice_paid().book(refunded=990).book(number="T2").ledger(990)),
    ("money/paid-twice", "FAIL", twice_paid().book().book(number="T2").ledger(990)),
    ("money/paid-twice", "FAIL", twice_paid().book(refunded=990).book(number="T2").ledger(990, 990)),
    ("money/paid-twice", "UNKNOWN", twice_paid().book(paid=0)),
    ("money/paid-twice", "UNKNOWN", Tale().asked().right()),
    ("spike/refused-nowhere", "PASS", turned_away()),
    ("spike/refused-nowhere", "FAIL", turned_away().book(paid=0, state="WAITING")),
    ("spike/refused-nowhere", "UNKNOWN", turned_away().asked().right()),
    ("spike/refused-again", "PASS", turned_away().asked().right()),
    ("spike/refused-again", "FAIL", turned_away().asked(ends="fail")),
    ("spike/refused-again", "FAIL", turned_away().asked().wrong()),
    ("spike/refused-again", "UNKNOWN", turned_away()),
    ("spike/refused-again", "UNKNOWN", Tale().mark("spike").asked().asked().right()),
    ("spike/one-payment", "PASS", Tale().mark("spike-copies").asked().asked().right()),
    ("spike/one-payment", "PASS", Tale().mark("spike-copies").asked(ends="fail").asked().right()),
    ("spike/one-payment", "FAIL", Tale().mark("spike-copies").asked().asked(payment_id="pay-2").right()),
    ("spike/one-payment", "FAIL", Tale().mark("spike-copies").asked().asked().wrong()),
    ("spike/one-payment", "UNKNOWN", Tale().mark("spike-copies").asked(ends="fail").asked(ends="fail")),
    ("spike/one-payment", "UNKNOWN", Tale().asked().asked().right()),
    ("spike/says-when", "PASS", Tale().mark("spike").asked()),
    ("spike/says-when", "PASS", turned_away()),
    ("spike/says-when", "PASS", turned_away(503)),
    ("spike/says-when", "NON_STRICT", turned_away(later_s=None)),
    ("spike/says-when", "NON_STRICT", turned_away(400)),
    ("spike/says-when", "UNKNOWN", Tale().asked()),
    ("spike/says-when", "UNKNOWN", turned_away(None, later_s=None)),
]
