"""
A history of one order, written by hand in a line or two.
"""

from datetime import timedelta

from harness.checks import CHECKS
from tests.unit.harness.rows import NOON, history, order


def at(minute):
    return (NOON + timedelta(minutes=minute)).isoformat()


class Tale:
    """
    Every method writes a line and gives the tale back.
    """

    def __init__(self):
        self.history = history()

    def notify(self, kind="true", *, acked=True, delivered=True, fault="", **value):
        told = {"kind": kind, "acked": acked, "delivered": delivered, "status": 200 if acked else 400}
        told["faults"] = [fault] if fault else []
        self.history.fact("notify", order=order(1), **{**told, **value})
        return self

    def copy(self, seconds, *, status=200, notify_id="n1", kind="duplicate", fault=""):
        due_at = (NOON + timedelta(seconds=seconds)).isoformat()
        value = {"kind": kind, "notify_id": notify_id, "due_at": due_at, "faults": [fault] if fault else []}
        self.history.fact("notify", order=order(1), delivered=True, status=status, acked=status == 200, **value)
        return self

    def book(self, *, paid=990, refunded=0, number="T1", state="PAID", **value):
        told = {"paid_fen": paid, "refunded_fen": refunded, "number": number, "state": state, "trade_no": "2026"}
        self.history.fact("book", order=order(1), **{**told, "total_fen": 990, **value})
        return self

    def ledger(self, *amounts, debits=(), legs=None, status="PAID", refunded=None, **value):
        told = {"credits": list(amounts), "debits": list(debits), "legs": legs, "status": status, "trade_no": "2026"}
        gone_fen = sum(debits) if refunded is None else refunded
        self.history.fact(
            "ledger", order=order(1), **{**told, "amount_fen": 990, "number": "T1", "refunded_fen": gone_fen, **value}
        )
        return self

    def webhook(self, event="ev1", *, told=True, amount=990, kind="payment.paid"):
        value = {"event_id": event, "type": kind, "told": told, "amount_fen": amount}
        self.history.fact("webhook", order=order(1), **value)
        return self

    def asked(self, amount=990, *, payment_id="pay-1", kind="create", ends="ok", **value):
        invoked = self.history.invoke(kind, order=order(1), amount_fen=amount, **value)
        getattr(self.history, ends)(invoked, **({"payment_id": payment_id} if ends == "ok" else {}))
        return self

    def bought(self, action="pay", *, ends="ok"):
        getattr(self.history, ends)(self.history.invoke(action, order=order(1)))
        return self

    def refund(self, number="r1", fen=990, *, ends=None, state="SUCCEEDED"):
        invoked = self.history.invoke("refund", order=order(1), refund_no=number, amount_fen=fen)
        if ends is not None:
            getattr(self.history, ends)(invoked, **({"refund_state": state} if ends == "ok" else {}))
        return self

    def ended(self, how="ok", **said):
        """The merchant asks the gateway to close the order."""
        getattr(self.history, how)(self.history.invoke("close", order=order(1)), **said)
        return self

    def planted(self, difference, *, number="T1"):
        self.history.fact("planted", order=order(1), difference=difference, number=number)
        return self

    def compared(self, *discrepancies, done=True, ends="ok", day="2026-11-23"):
        """The gateway was asked to compare the day's bill."""
        told = {"done": done, "discrepancies": list(discrepancies)} if ends == "ok" else {}
        getattr(self.history, ends)(self.history.invoke("reconcile", order=order(1), day=day), **told)
        return self

    def look(self, status, *, kind="get"):
        self.history.ok(self.history.invoke(kind, order=order(1)), status=status)
        return self

    def call(self, verb, *, fault="", signature_ok=True, refund_no="", number="T1", minute=None):
        value = {"verb": verb, "api": verb, "fault": fault, "signature_ok": signature_ok, "refund_no": refund_no}
        value |= {"number": number, "at": "" if minute is None else at(minute)}
        self.history.fact("call", order=order(1), **value)
        return self

    def struck(self, fault, *, on="notify", **settings):
        self.history.fact("fault", order=order(1), fault=fault, on=on, settings=settings)
        return self

    def killed(self):
        self.history.fact("kill", what="gateway")
        return self

    def mark(self, name):
        self.history.fact("mark", order=order(1), name=name)
        return self

    def right(self):
        """Both sides agree: paid and credited once."""
        return self.book().ledger(990)

    def wrong(self):
        """Paid, and never credited."""
        return self.book().ledger(status="PENDING")

    def judged(self, requirement):
        return CHECKS[requirement](self.history)

    def verdict(self, requirement):
        return self.judged(requirement).verdict
