"""
The tales of what is lawful and rare; the same shapes as in the tales of everything else.
"""

from tests.unit.harness.rows import NOON, order
from tests.unit.harness.tale import Tale

WIDE_FEN = 4_294_968_286

MET = {
    "notify/odd-text": lambda tale: tale.mark("odd-text").bought(),
    "signature/answer-spelling-understood": lambda tale: tale.call("query", fault="other_spelling"),
    "money/wide-amount": lambda tale: tale.asked(WIDE_FEN).bought(),
    "crash/asked-again": lambda tale: tale.mark("killed-asked-again"),
    "close/late-refund-settled": lambda tale: tale.mark("late-refund").bought("pay_late"),
}
TRUTHS = {
    "signature/other-spelling-accepted": lambda tale, acked: tale.notify(acked=acked, fault="other_spelling"),
}


def beside(*, told_at=None):
    """The platform refuses another order's news for an hour, and takes those of this one, if any."""
    tale = Tale()
    tale.history.fact("mark", order=order(1), name="beside-a-refused", by=NOON.replace(hour=13).isoformat())
    tale.bought()
    if told_at is not None:
        value = {"event_id": "ev1", "type": "payment.paid", "told": True, "amount_fen": 990}
        at = NOON.replace(hour=told_at, minute=30).isoformat()
        tale.history.fact("webhook", order=order(1), received_at=at, **value)
    return tale


def stuck(status):
    return Tale().bought().mark("beside-a-stuck").look(status)


def refused(*, refunded):
    """Asked back, refused by the provider, and asked back anew."""
    tale = Tale().refund("a").call("refund", fault="refuse").mark("refund-refused").refund("b")
    return tale.book(refunded=refunded).ledger(990, debits=(refunded,) if refunded else ())


def late(*numbers):
    """Money that came too late, given back under these numbers."""
    tale = Tale().mark("late-refund").bought("pay_late")
    for number in numbers:
        tale.call("refund", refund_no=number)
    return tale.book(refunded=990).ledger(status="CLOSED", refunded=990)


def also_told(event, *, number=2):
    """News of another payment."""
    tale = Tale().webhook("ev1")
    value = {"event_id": event, "type": "payment.paid", "told": True, "amount_fen": 990}
    tale.history.fact("webhook", order=order(number), **value)
    return tale


def told_of_failure(status):
    """The one notify said that the payment failed; then somebody looked."""
    return Tale().notify("stray", fault="says_failed").mark("only-told-of-failure").look(status).right()


def turned_away(*, status="PENDING", befallen=False, ends="fail"):
    """Accepted, and no trade for the buyer who came to pay."""
    tale = Tale().asked()
    if befallen:
        tale.struck("drop")
    invoked = tale.history.invoke("pay", order=order(1))
    getattr(tale.history, ends)(invoked, **({"code": "no_trade"} if ends == "fail" else {}))
    return tale.ledger(status=status)


def told_astray(which, *, again):
    """An answer of somebody else's, and another question or none."""
    tale = Tale().struck("another_answer", which=which).call("query", fault="another_answer")
    return (tale.call("query") if again else tale).right()


def broken(*errors, ends="ok", status=None):
    """An order of a burst that met these server errors before its answer."""
    tale = Tale().mark("spike")
    invoked = tale.history.invoke("create", order=order(1), amount_fen=990)
    getattr(tale.history, ends)(invoked, **({"errors": list(errors)} if errors else {}), status_code=status)
    return tale


OTHERS = [
    *((name, "PASS", came(Tale(), True).right()) for name, came in TRUTHS.items()),
    *((name, "FAIL", came(Tale(), False).right()) for name, came in TRUTHS.items()),
    *((name, "UNKNOWN", Tale().notify().right()) for name in TRUTHS),
    ("state/accepted-can-be-paid", "PASS", Tale().asked().bought().right()),
    ("state/accepted-can-be-paid", "PASS", turned_away(status="FAILED")),
    ("state/accepted-can-be-paid", "FAIL", turned_away()),
    ("state/accepted-can-be-paid", "UNKNOWN", turned_away(befallen=True)),
    ("state/accepted-can-be-paid", "UNKNOWN", Tale().asked(ends="fail").bought(ends="fail").ledger(status="PENDING")),
    ("notify/failed-is-not-paid", "PASS", told_of_failure("PENDING")),
    ("notify/failed-is-not-paid", "FAIL", told_of_failure("PAID")),
    ("notify/failed-is-not-paid", "UNKNOWN", Tale().mark("only-told-of-failure").look("PAID").right()),
    ("notify/failed-is-not-paid", "UNKNOWN", Tale().notify("stray", fault="says_failed").look("PAID").right()),
    ("unknown/answer-about-another", "FAIL", told_astray("order", again=False)),
    ("unknown/answer-about-another", "UNKNOWN", told_astray("amount", again=False)),
    ("unknown/answer-other-amount", "FAIL", told_astray("amount", again=False)),
    ("unknown/answer-other-amount", "UNKNOWN", told_astray("order", again=True)),
    ("notify/odd-text", "FAIL", Tale().mark("odd-text").bought().notify(acked=False).right()),
    ("notify/odd-text", "UNKNOWN", Tale().mark("odd-text").right()),
    ("notify/platform-long-down", "PASS", Tale().mark("platform-long-down").webhook(told=False).webhook()),
    ("notify/platform-long-down", "FAIL", Tale().mark("platform-long-down").webhook(told=False)),
    ("notify/platform-long-down", "UNKNOWN", Tale().mark("platform-long-down").webhook()),
    ("notify/platform-long-down", "UNKNOWN", Tale().webhook(told=False).webhook()),
    ("notify/platform-one-not-all", "PASS", beside(told_at=12)),
    ("notify/platform-one-not-all", "FAIL", beside(told_at=14)),
    ("notify/platform-one-not-all", "FAIL", beside()),
    ("notify/platform-one-not-all", "UNKNOWN", Tale().bought().webhook()),
    ("notify/platform-events-distinct", "PASS", also_told("ev2")),
    ("notify/platform-events-distinct", "PASS", also_told("ev1", number=1)),
    ("notify/platform-events-distinct", "FAIL", also_told("ev1")),
    ("notify/platform-events-distinct", "FAIL", Tale().webhook("ev1").webhook("ev1", kind="refund.succeeded")),
    ("notify/platform-events-distinct", "UNKNOWN", Tale().right()),
    ("idempotency/platform-event-repeats", "FAIL", Tale().webhook(told=False).webhook(amount=9)),
    ("idempotency/asked-later", "PASS", Tale().asked().mark("asked-later").asked().right()),
    ("idempotency/asked-later", "FAIL", Tale().asked().mark("asked-later").asked(payment_id="pay-2").right()),
    ("idempotency/asked-later", "UNKNOWN", Tale().asked().asked().right()),
    (
        "idempotency/refund-asked-later",
        "PASS",
        Tale().refund(fen=400).mark("refund-asked-later").refund(fen=400).book(refunded=400),
    ),
    (
        "idempotency/refund-asked-later",
        "FAIL",
        Tale().refund(fen=400).mark("refund-asked-later").refund(fen=400).book(refunded=800),
    ),
    ("idempotency/refund-asked-later", "UNKNOWN", Tale().refund(fen=400).refund(fen=400).book(refunded=400)),
    ("crash/asked-again", "FAIL", Tale().mark("killed-asked-again").asked().asked(payment_id="pay-2").right()),
    ("unknown/one-not-all", "PASS", stuck("PAID")),
    ("unknown/one-not-all", "FAIL", stuck("PENDING")),
    ("unknown/one-not-all", "UNKNOWN", Tale().bought().look("PENDING")),
    ("money/wide-amount", "PASS", Tale().asked(WIDE_FEN, ends="fail")),
    ("money/nothing-refused", "PASS", Tale().asked(0, ends="fail")),
    ("money/nothing-refused", "FAIL", Tale().asked(-1)),
    ("money/nothing-refused", "UNKNOWN", Tale().asked(0, ends="unknown")),
    ("refund/nothing-refused", "PASS", Tale().refund(fen=0, ends="fail").right()),
    ("refund/nothing-refused", "FAIL", Tale().refund(fen=-1, ends="ok").right()),
    ("refund/nothing-refused", "FAIL", Tale().refund(fen=-500, ends="fail").book().ledger(990, debits=(-500,))),
    ("refund/nothing-refused", "UNKNOWN", Tale().refund(ends="ok").right()),
    ("refund/refused-then-anew", "PASS", refused(refunded=990)),
    ("refund/refused-then-anew", "FAIL", refused(refunded=0)),
    ("refund/refused-then-anew", "UNKNOWN", Tale().mark("refund-refused").refund("a").refund("b").right()),
    ("close/late-refund-settled", "PASS", late("R1", "R1")),
    ("close/late-refund-settled", "FAIL", late("R1", "R2")),
    ("spike/no-server-error", "PASS", broken()),
    ("spike/no-server-error", "PASS", broken(503)),
    ("spike/no-server-error", "PASS", broken(ends="fail", status=429)),
    ("spike/no-server-error", "FAIL", broken(500)),
    ("spike/no-server-error", "FAIL", broken(ends="unknown", status=502)),
    ("spike/no-server-error", "UNKNOWN", Tale().asked()),
]
