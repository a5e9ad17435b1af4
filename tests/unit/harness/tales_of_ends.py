"""
The tales of orders that end without money; the same shapes as in the tales of everything else.
"""

from collections.abc import Callable, Mapping

from tests.unit.harness.tale import Tale

MET: Mapping[str, Callable[[Tale], Tale]] = {
    "close/twice-harmless": lambda tale: tale.ended().ended(),
    "close/paid-stays-paid": lambda tale: tale.bought().ended("fail"),
    "close/found-paid": lambda tale: tale.struck("drop_all").bought().ended(),
    "close/paid-at-once": lambda tale: tale.mark("paid-while-closing"),
    "close/paid-late": lambda tale: tale.ended().bought("pay_late"),
    "close/notify-after": lambda tale: tale.ended().struck("after_close").notify(),
    "close/asked-again": lambda tale: tale.ended().asked(),
    "close/unanswered-opening": lambda tale: tale.call("open", fault="timeout_before").ended(),
    "close/no-answer": lambda tale: tale.call("close", fault="timeout_after"),
    "close/torn": lambda tale: tale.call("cancel", fault="reset_before"),
    "close/still-paying": lambda tale: tale.call("close", fault="in_process"),
    "close/system-error": lambda tale: tale.call("close", fault="http_error"),
    "close/paid-before-timeout": lambda tale: tale.mark("paid-before-timeout"),
    "close/late-after-timeout": lambda tale: tale.mark("late-by-time").bought("pay_late"),
}


def gone(*, state="CLOSED", status="CLOSED"):
    """An order that nobody paid, and that the merchant closed."""
    return Tale().ended().book(paid=0, state=state).ledger(status=status)


def waiting(*calls, state="WAITING"):
    """
    The merchant closed it, the gateway said that it was not closed yet, and so it stands.

    Args:
        calls: what the gateway asked the provider for: a verb, and what befell it.
    """
    tale = Tale().ended(status="PENDING").book(paid=0, state=state).ledger(status="PENDING")
    for verb, fault in calls:
        tale.call(verb, fault=fault)
    return tale


OTHERS = [
    ("close/provider-first", "PASS", gone()),
    ("close/provider-first", "PASS", Tale().book(refunded=990).ledger(990, debits=(990,), status="CANCELLED")),
    ("close/provider-first", "FAIL", gone(state="WAITING")),
    ("close/provider-first", "FAIL", gone().book(number="T2", paid=0, state="CREATED")),
    ("close/provider-first", "UNKNOWN", gone(state="WAITING", status="PENDING")),
    ("close/provider-first", "UNKNOWN", Tale().ended().ledger(status="CLOSED")),
    ("close/no-answer", "FAIL", gone(state="WAITING").call("close", fault="timeout_after")),
    ("close/not-believed", "PASS", gone().call("close", fault="bad_signature").call("query")),
    ("close/not-believed", "FAIL", gone().call("close", fault="bad_signature")),
    ("close/not-believed", "UNKNOWN", gone().call("close").call("query", fault="bad_signature")),
    # Two of the gateway's workers at the same moment: the one's question was answered as it should be.
    ("close/not-believed", "UNKNOWN", gone().call("query", minute=9).call("close", fault="bad_signature", minute=9)),
    ("close/not-believed", "FAIL", gone().call("query", minute=8).call("close", fault="bad_signature", minute=9)),
    ("close/ends-closed", "PASS", gone()),
    ("close/ends-closed", "FAIL", gone(state="WAITING", status="PENDING")),
    ("close/ends-closed", "UNKNOWN", Tale().ended("fail").book(paid=0, state="WAITING").ledger(status="PENDING")),
    ("close/ends-closed", "UNKNOWN", Tale().ended().right()),
    ("close/ends-closed", "UNKNOWN", gone(state="WAITING", status="PENDING").asked()),
    ("close/ends-closed", "UNKNOWN", waiting(("query", ""), ("close", "reset_after"), state="CLOSED")),
    ("close/ends-closed", "UNKNOWN", waiting(("close", "reset_before"), ("query", ""))),
    ("close/ends-closed", "FAIL", waiting(("close", "reset_after"), ("query", ""), state="CLOSED")),
    (
        "close/ends-closed",
        "UNKNOWN",
        waiting(("close", "system_error"), ("close", ""), ("cancel", "system_error"), state="CLOSED"),
    ),
    ("close/ends-closed", "FAIL", waiting(("query", ""))),
    # Killed over it, the gateway has the order's own time to come back to it.
    ("close/ends-closed", "UNKNOWN", waiting(("open", "")).killed()),
    ("close/ends-closed", "UNKNOWN", waiting(("close", ""), ("query", ""), state="CLOSED").killed()),
    # A call whose answer is kept back for longer than anybody waits stands nowhere.
    ("close/ends-closed", "UNKNOWN", waiting(("open", "")).struck("delay", on="close", seconds=30.0)),
    ("close/ends-closed", "FAIL", waiting(("open", "")).struck("delay", seconds=30.0)),
    ("close/ends-closed", "FAIL", waiting(("open", ""))),
    ("close/ends-closed", "FAIL", Tale().killed().ended(status="PENDING").book(paid=0).ledger(status="PENDING")),
    ("close/ends-closed", "FAIL", gone(state="WAITING", status="PENDING").killed()),
    ("close/ends-closed", "FAIL", waiting(("query", "reset_after"), ("close", ""), state="CLOSED")),
    ("close/nothing-credited", "PASS", gone()),
    ("close/nothing-credited", "FAIL", Tale().ended().book(paid=0).ledger(990, status="CLOSED")),
    ("close/nothing-credited", "FAIL", gone().webhook()),
    ("close/nothing-credited", "FAIL", Tale().ended().book(paid=0).ledger(990, status="PAID")),
    ("close/nothing-credited", "UNKNOWN", Tale().ended().right()),
    ("close/refund-refused", "PASS", Tale().ended().refund(ends="fail").book(paid=0)),
    ("close/refund-refused", "FAIL", Tale().ended().refund(ends="ok").book(paid=0)),
    ("close/refund-refused", "UNKNOWN", Tale().refund(ends="ok").book(paid=0)),
    ("close/refund-refused", "UNKNOWN", Tale().ended().refund(ends="ok").right()),
    ("close/stays-closed", "PASS", Tale().ended().look("CLOSED").look("CLOSED")),
    ("close/stays-closed", "FAIL", Tale().ended().look("CLOSED").look("PENDING")),
    ("close/stays-closed", "UNKNOWN", Tale().ended().look("PENDING").look("PENDING")),
    ("close/stays-closed", "UNKNOWN", Tale().ended().look("CLOSED")),
    ("close/stays-closed", "UNKNOWN", Tale().ended().look("CLOSED").look("PAID").right()),
    ("close/times-out", "PASS", Tale().mark("time-over").book(paid=0, state="CLOSED").ledger(status="CLOSED")),
    ("close/times-out", "PASS", Tale().mark("time-over").ledger(status="CLOSED")),
    ("close/times-out", "FAIL", Tale().mark("time-over").book(paid=0, state="CLOSED").ledger(status="PENDING")),
    ("close/times-out", "FAIL", Tale().mark("time-over").book(paid=0, state="WAITING").ledger(status="CLOSED")),
    ("close/times-out", "UNKNOWN", Tale().book(paid=0, state="CLOSED").ledger(status="PENDING")),
    ("close/times-out", "UNKNOWN", Tale().mark("time-over").right()),
    ("close/late-after-timeout", "UNKNOWN", Tale().mark("late-by-time").right()),
]
