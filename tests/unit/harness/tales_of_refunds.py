"""
The tales of refunds that do not end as their first answer says; the same shapes as in the tales of everything else.
"""

from tests.unit.harness.rows import order
from tests.unit.harness.tale import Tale


def astray(which):
    """A refund, and an answer about another one."""
    return lambda tale: (
        tale.struck("another_answer", which=which).refund(fen=400).call("refund", fault="another_answer+refund_fails")
    )


MET = {
    "refund/answer-about-another": astray("order"),
    "refund/answer-other-amount": astray("amount"),
    "refund/refused-after-doubt": lambda tale: (
        tale.refund(fen=400).call("refund", fault="timeout_after").call("refund", fault="refuse")
    ),
}


def failed(*, refunded, told=None, anew=True, struck=True):
    """A part came back; the rest failed after it was accepted, and was asked for anew."""
    tale = Tale().refund("a", 300).refund("b", 690).call("refund", fault="refund_fails" if struck else "")
    tale.mark("refund-failed-later")
    if anew:
        tale.refund("c", 690)
    return tale.book(refunded=refunded).ledger(990, debits=(refunded if told is None else told,))


def stuck(*, status, refunded=600, told=600):
    """Looked at while it was stuck, asked for again, and arrived."""
    tale = Tale().refund("a", 600).call("refund", fault="refund_fails").mark("refund-stuck")
    invoked = tale.history.invoke("get", order=order(1))
    tale.history.ok(invoked, status="PAID", refund_status=status)
    return tale.refund("b", 600).book(refunded=refunded).ledger(990, debits=(told,))


OTHERS = [
    ("refund/refused-after-doubt", "UNKNOWN", Tale().refund(fen=400).call("refund", fault="refuse").right()),
    ("refund/notice-acked", "PASS", Tale().notify(event="refund", acked=False).notify(event="refund").right()),
    ("refund/notice-acked", "FAIL", Tale().notify(event="refund", acked=False).right()),
    ("refund/notice-acked", "UNKNOWN", Tale().notify(event="payment", acked=False).right()),
    ("refund/notice-acked", "UNKNOWN", Tale().notify(event="refund", acked=False).book()),
    ("refund/failed-later", "PASS", failed(refunded=990)),
    ("refund/failed-later", "FAIL", failed(refunded=300)),
    ("refund/failed-later", "FAIL", failed(refunded=300, told=990)),
    ("refund/failed-later", "PASS", failed(refunded=300, anew=False)),
    ("refund/failed-later", "FAIL", failed(refunded=300, told=990, anew=False)),
    ("refund/failed-later", "UNKNOWN", failed(refunded=300, struck=False)),
    ("refund/stuck-is-neither", "PASS", stuck(status="PROCESSING")),
    ("refund/stuck-is-neither", "PASS", stuck(status="NONE")),
    ("refund/stuck-is-neither", "FAIL", stuck(status="PARTIAL")),
    ("refund/stuck-is-neither", "FAIL", stuck(status="PROCESSING", told=0)),
    ("refund/stuck-is-neither", "FAIL", stuck(status="PROCESSING", refunded=1200, told=1200)),
    ("refund/stuck-is-neither", "UNKNOWN", Tale().refund("a", 600).mark("refund-stuck").right()),
    ("refund/answer-about-another", "UNKNOWN", astray("amount")(Tale()).right()),
    ("refund/answer-about-another", "UNKNOWN", Tale().struck("another_answer", which="order").call("query").right()),
    ("refund/in-part", "UNKNOWN", Tale().refund(fen=400).call("refund", fault="refund_fails").right()),
]
