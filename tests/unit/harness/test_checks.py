from datetime import timedelta

import pytest

from harness.catalog import BY_ID
from harness.checks import CHECKS, judge
from harness.verdict import Verdict
from tests.unit.harness.rows import NOON, history, order


class Tale:
    """
    A history of one order, written by hand in a line or two.
    """

    def __init__(self):
        self.history = history()

    def notify(self, kind="true", *, acked=True, delivered=True):
        self.history.fact("notify", order=order(1), kind=kind, acked=acked, delivered=delivered)
        return self

    def copy(self, seconds, *, status=200, notify_id="n1", kind="duplicate"):
        value = {"kind": kind, "notify_id": notify_id, "due_at": (NOON + timedelta(seconds=seconds)).isoformat()}
        self.history.fact("notify", order=order(1), delivered=True, status=status, acked=status == 200, **value)
        return self

    def book(self, *, paid=990, refunded=0):
        self.history.fact("book", order=order(1), paid_fen=paid, refunded_fen=refunded)
        return self

    def ledger(self, *amounts, debits=(), legs=None, status="PAID"):
        value = {"credits": list(amounts), "debits": list(debits), "legs": legs, "status": status}
        self.history.fact("ledger", order=order(1), **value)
        return self

    def refund(self, number, fen):
        self.history.invoke("refund", order=order(1), refund_no=number, amount_fen=fen)
        return self

    def look(self, status):
        self.history.ok(self.history.invoke("get", order=order(1)), status=status)
        return self

    def verdict(self, requirement):
        return CHECKS[requirement](self.history).verdict


TALES = [
    ("idempotency/credited-once", "PASS", Tale().notify().notify("duplicate").book().ledger(990)),
    ("idempotency/credited-once", "FAIL", Tale().notify().notify("duplicate").book().ledger(990, 990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().book().ledger(990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().notify("forged").book().ledger(990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().notify("stray").book().ledger(990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().notify("duplicate", acked=False).book().ledger(990)),
    ("notify/duplicate-acked", "PASS", Tale().copy(0).copy(3600)),
    ("notify/duplicate-acked", "FAIL", Tale().copy(0).copy(3600, status=400)),
    ("notify/duplicate-acked", "FAIL", Tale().copy(3600, status=400).copy(0)),
    ("notify/duplicate-acked", "PASS", Tale().copy(0).copy(0, status=400).copy(3600)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(30, status=400)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0, status=400).copy(3600)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=503)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=400, notify_id="n2")),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=400, kind="forged")),
    ("signature/forged-never-acked", "PASS", Tale().notify("forged", acked=False).notify()),
    ("signature/forged-never-acked", "FAIL", Tale().notify("forged").notify()),
    ("signature/forged-never-acked", "FAIL", Tale().notify("probe").notify()),
    ("signature/forged-never-acked", "PASS", Tale().notify("probe", acked=False).notify()),
    ("signature/forged-never-acked", "UNKNOWN", Tale().notify("forged", acked=False, delivered=False).notify()),
    ("signature/forged-never-credited", "PASS", Tale().notify("forged", acked=False).book().ledger(990)),
    ("signature/forged-never-credited", "FAIL", Tale().notify("forged").book(paid=0).ledger(990)),
    ("signature/forged-never-credited", "UNKNOWN", Tale().notify().book().ledger(990)),
    ("signature/forged-never-credited", "UNKNOWN", Tale().notify("forged", acked=False)),
    ("state/never-back", "PASS", Tale().look("PENDING").look("PAID").look("PAID")),
    ("state/never-back", "FAIL", Tale().look("PAID").look("PENDING")),
    ("state/never-back", "FAIL", Tale().look("PAID").look("CLOSED")),
    ("state/never-back", "PASS", Tale().look("CLOSED").look("PAID").look("SHIPPED")),
    ("state/never-back", "UNKNOWN", Tale().look("PENDING").look("PAID")),
    ("money/credited-amount", "PASS", Tale().book().ledger(990)),
    ("money/credited-amount", "FAIL", Tale().book().ledger(1990)),
    ("money/credited-amount", "UNKNOWN", Tale().book(paid=0).ledger()),
    ("money/sums-zero", "PASS", Tale().ledger(990, legs=[["t", 990], ["t", -990]])),
    ("money/sums-zero", "FAIL", Tale().ledger(990, legs=[["t", 990], ["t", -980], ["u", -10]])),
    ("money/sums-zero", "UNKNOWN", Tale().ledger(990)),
    ("refund/never-above-paid", "PASS", Tale().refund("a", 600).refund("b", 600).book(refunded=600).ledger(990)),
    ("refund/never-above-paid", "FAIL", Tale().refund("a", 600).refund("b", 600).book(refunded=1200).ledger(990)),
    ("refund/never-above-paid", "FAIL", Tale().refund("a", 990).book().ledger(990, debits=(990, 990))),
    ("refund/never-above-paid", "UNKNOWN", Tale().refund("a", 600).book(refunded=600).ledger(990)),
    ("refund/never-above-paid", "UNKNOWN", Tale().refund("a", 600).refund("a", 600).book(refunded=600).ledger(990)),
]


@pytest.mark.parametrize(("requirement", "verdict", "tale"), TALES)
def test_each_tale_is_judged_as_written(requirement, verdict, tale):
    assert tale.verdict(requirement) is Verdict(verdict)


@pytest.mark.parametrize("requirement", CHECKS)
def test_every_check_has_a_tale_of_each_kind_and_doubts_an_empty_history(requirement):
    told = {verdict for name, verdict, _ in TALES if name == requirement}

    assert told == {"PASS", "FAIL", "UNKNOWN"}
    assert requirement in BY_ID
    assert CHECKS[requirement](history()).verdict is Verdict.UNKNOWN


def test_a_finding_shows_its_lines():
    tale = Tale().notify().notify("duplicate").notify("duplicate").book().ledger(990, 990)

    found = CHECKS["idempotency/credited-once"](tale.history).findings[0]

    assert found.evidence == (1, 2, 3, 4)
    assert found.money == f"order {order(1)} credited twice: 9.90 yuan too much"


def test_looks_that_overlap_may_see_either_state():
    told = history()
    slow = told.invoke("get", order=order(1))
    told.ok(told.invoke("get", order=order(1)), status="PAID")
    told.ok(slow, status="PENDING")

    assert CHECKS["state/never-back"](told).verdict is Verdict.UNKNOWN


def test_only_what_was_asked_for_is_judged():
    judged = judge(Tale().book().ledger(990).history, ["money/credited-amount", "notify/nothing-lost"])

    assert [(one.requirement, one.verdict) for one in judged] == [("money/credited-amount", Verdict.PASS)]
