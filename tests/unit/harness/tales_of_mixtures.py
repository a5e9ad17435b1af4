"""
The tales of what belongs to one order and is shown for another, and of what an order is told as; the same shapes as in
the tales of everything else.
"""

from datetime import timedelta

from tests.unit.harness.rows import NOON, order
from tests.unit.harness.tale import Tale

MET = {
    "notify/another-channels": lambda tale: tale.mark("named-by-another-channel"),
    "notify/flawed-success": lambda tale: tale.bought().notify(fault="says_flawed"),
}


def forged_first(status, *, acked=True):
    """A forgery, the true notify behind it, and a look."""
    tale = Tale().mark("behind-a-forgery").notify("forged", acked=False).notify(acked=acked)
    return tale.look(status)


def told_then(status, *, told=True, at_s=0):
    """The platform is told of the payment; then somebody looks."""
    tale = Tale()
    value = {"event_id": "ev1", "type": "payment.paid", "told": told, "amount_fen": 990}
    at = (NOON + timedelta(seconds=at_s)).isoformat()
    tale.history.fact("webhook", order=order(1), received_at=at, **value)
    return tale.look(status)


def codes(*shown):
    """Each order with what its buyer scans."""
    tale = Tale()
    for number, code in shown:
        tale.history.fact("code", order=order(number), code=code)
    return tale


def failed(*, status="CLOSED", fault=""):
    """Accepted, told as ended, and no trade for the buyer who came to pay."""
    return Tale().asked().call("open", fault=fault).bought(ends="fail").ledger(status=status)


def quiet(*done):
    """A quiet day, whose bill was to be compared so many times."""
    tale = Tale().mark("quiet-day")
    for one in done:
        tale.compared(done=one)
    return tale


OTHERS = [
    ("notify/flawed-success", "FAIL", Tale().bought().notify(acked=False, fault="says_flawed").right()),
    ("notify/flawed-success", "UNKNOWN", Tale().notify(fault="says_flawed").right()),
    ("security/forged-id", "PASS", forged_first("PAID")),
    ("security/forged-id", "FAIL", forged_first("PENDING")),
    ("security/forged-id", "UNKNOWN", forged_first("PENDING", acked=False)),
    ("security/forged-id", "UNKNOWN", Tale().notify("forged", acked=False).notify().look("PENDING")),
    ("state/told-is-shown", "PASS", told_then("PAID")),
    ("state/told-is-shown", "PASS", told_then("CLOSED")),
    ("state/told-is-shown", "FAIL", told_then("PENDING")),
    ("state/told-is-shown", "UNKNOWN", told_then("PENDING", told=False)),
    ("state/told-is-shown", "UNKNOWN", told_then("PENDING", at_s=3600)),
    ("state/own-code", "PASS", codes((1, "a"), (2, "b"), (1, "a"))),
    ("state/own-code", "FAIL", codes((1, "a"), (2, "a"))),
    ("state/own-code", "UNKNOWN", codes((1, "a"), (1, "b"))),
    ("state/opened-as-accepted", "PASS", Tale().asked().call("open").bought().right()),
    ("state/opened-as-accepted", "PASS", failed(status="PENDING")),
    ("state/opened-as-accepted", "UNKNOWN", Tale().asked().bought(ends="fail").ledger(status="CLOSED")),
    ("state/opened-as-accepted", "UNKNOWN", failed().mark("spike")),
    ("state/opened-as-accepted", "FAIL", failed()),
    ("state/opened-as-accepted", "UNKNOWN", failed(fault="busy")),
    ("state/opened-as-accepted", "UNKNOWN", failed().killed()),
    ("reconciliation/comes-to-an-end", "PASS", quiet(False, False, True)),
    ("reconciliation/comes-to-an-end", "FAIL", quiet(False, False, False)),
    ("reconciliation/comes-to-an-end", "UNKNOWN", quiet(False, False)),
    ("reconciliation/comes-to-an-end", "UNKNOWN", Tale().compared()),
]
