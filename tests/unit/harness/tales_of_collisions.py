"""
The tales of two that look like one, and of answers that are older than the news; the same shapes as in the tales of
everything else.
"""

from tests.unit.harness.rows import order
from tests.unit.harness.tale import Tale


def twins(*, ends="ok", payment_id="pay-2", marked=True):
    """Two orders whose numbers are said to differ in case only."""
    tale = Tale().asked()
    if marked:
        tale.history.fact("mark", order=order(2), name="differs-by-case", of=order(1))
    asked = tale.history.invoke("create", order=order(2), amount_fen=1_250)
    getattr(tale.history, ends)(asked, **({"payment_id": payment_id} if ends == "ok" else {}))
    return tale


def two_amounts(*taken, asked=(990, 991)):
    """One number over two amounts at the same moment, of which these were accepted."""
    tale = Tale().mark("other-body-at-once")
    for fen in asked:
        tale.asked(fen, ends="ok" if fen in taken else "fail")
    return tale


def under_one_number(*, refunded, state="SUCCEEDED", ends="ok", told=None):
    """A refund under a number that another order's refund has."""
    tale = Tale().mark("refund-number-elsewhere").refund(fen=400, ends=ends, state=state).book(refunded=refunded)
    debits = (refunded if told is None else told,) if refunded or told else ()
    return tale.ledger(990, debits=debits)


def old_answer(then, *, fault="delay"):
    """Seen as paid, and looked at again when an answer had come that was older."""
    tale = Tale().mark("stale-answer").bought().look("PAID").call("query", fault=fault).look(then)
    return tale.right()


def part_back(status, *, refunded=400):
    return Tale().book(refunded=refunded).ledger(990, debits=(refunded,), refund_status=status)


def opened_late(status, *, pays):
    """Closed while it was being opened; looked at, and paid or not."""
    tale = Tale().mark("close-overtakes-opening").ended().look(status)
    if pays:
        return tale.bought().book(refunded=990).ledger(status="CLOSED", refunded=990)
    return tale.book(paid=0, state="CLOSED").ledger(status="CLOSED")


def at_two(*books):
    """Asked for over two channels, and paid over each."""
    tale = Tale().asked().mark("over-two-channels").asked(kind="create_elsewhere", ends="fail")
    for number, refunded in enumerate(books, start=1):
        tale.bought().book(number=f"T{number}", refunded=refunded)
    return tale.ledger(990)


OTHERS = [
    ("money/paid-over-two-channels", "PASS", at_two(0)),
    ("money/paid-over-two-channels", "PASS", at_two(990, 0)),
    ("money/paid-over-two-channels", "FAIL", at_two(0, 0)),
    ("money/paid-over-two-channels", "UNKNOWN", Tale().asked().bought().right()),
    ("idempotency/numbers-differ-by-case", "PASS", twins()),
    ("idempotency/numbers-differ-by-case", "PASS", twins(ends="fail")),
    ("idempotency/numbers-differ-by-case", "FAIL", twins(payment_id="pay-1")),
    ("idempotency/numbers-differ-by-case", "UNKNOWN", twins(payment_id="pay-1", marked=False)),
    ("concurrency/other-body-at-once", "PASS", two_amounts(991)),
    ("concurrency/other-body-at-once", "FAIL", two_amounts(990, 991)),
    ("concurrency/other-body-at-once", "UNKNOWN", two_amounts()),
    ("concurrency/other-body-at-once", "UNKNOWN", Tale().asked(990).asked(991)),
    ("refund/number-of-another-order", "PASS", under_one_number(refunded=400)),
    ("refund/number-of-another-order", "PASS", under_one_number(refunded=0, ends="fail")),
    ("refund/number-of-another-order", "PASS", under_one_number(refunded=0, state="FAILED")),
    ("refund/number-of-another-order", "FAIL", under_one_number(refunded=0)),
    ("refund/number-of-another-order", "FAIL", under_one_number(refunded=0, told=400)),
    ("refund/number-of-another-order", "UNKNOWN", Tale().refund(fen=400, ends="ok").right()),
    ("refund/status-fits", "PASS", part_back("PARTIAL")),
    ("refund/status-fits", "PASS", part_back("FULL", refunded=990)),
    ("refund/status-fits", "FAIL", part_back("FULL")),
    ("refund/status-fits", "FAIL", part_back("PARTIAL", refunded=990)),
    ("refund/status-fits", "UNKNOWN", part_back("NONE")),
    ("order-of-arrival/stale-answer", "PASS", old_answer("PAID")),
    ("order-of-arrival/stale-answer", "FAIL", old_answer("PENDING")),
    (
        "order-of-arrival/stale-answer",
        "FAIL",
        Tale().mark("stale-answer").call("query", fault="delay").look("PAID").look("PAID").bought().wrong(),
    ),
    ("order-of-arrival/stale-answer", "UNKNOWN", old_answer("PENDING", fault="")),
    ("close/overtakes-opening", "PASS", opened_late("CLOSED", pays=False)),
    ("close/overtakes-opening", "PASS", opened_late("PENDING", pays=True)),
    ("close/overtakes-opening", "FAIL", opened_late("CLOSED", pays=True)),
    ("close/overtakes-opening", "UNKNOWN", Tale().ended().look("CLOSED").bought().right()),
]
