"""
Money that came after the provider had told the gateway that the trade was closed, and that nobody told it of.
"""

import pytest

from harness.audit import Auditor, Witness, audit
from harness.verdict import Verdict
from tests.unit.harness.rows import legs, payment, trade, webhook
from tests.unit.harness.tale import Tale, at

# What an order breaks whose money is gone.
BROKEN = ("notify/nothing-lost", "notify/none-came", "close/provider-first")


def late(*, status="CLOSED", number="T1", asked=10, **book):
    """
    Closed by the provider after five minutes, paid all the same after twenty; no notify came.

    Args:
        asked: after how many minutes the gateway asked how it stands.
    """
    tale = Tale().struck("drop_all").bought("pay_late").call("query", minute=asked)
    shown = {"late_after": at(5), "paid_at": at(20), **book}
    return tale.book(number="T1", **shown).ledger(status=status, number=number)


@pytest.mark.parametrize("requirement", BROKEN)
def test_a_gateway_that_was_told_of_the_close_and_of_nothing_else_is_in_doubt(requirement):
    judged = late().judged(requirement)

    assert (judged.verdict, judged.findings) == (Verdict.UNKNOWN, ())
    assert "only the bill of that day tells of it" in judged.reason


@pytest.mark.parametrize(
    "tale",
    [
        # It never asked again after the trade had been closed, or only when the money was there.
        late(asked=4),
        late(asked=21),
        # Nobody told it that the trade was closed, and it says so.
        late(asked=10).ledger(status="PENDING"),
        # The money did not come too late.
        late(late_after=""),
        # It was told of the money: it asked, and a notify came.
        late().call("query", minute=30),
        late().notify(acked=False),
        # It was shown the bill, and was silent.
        late().compared(),
        late().compared({"number": "T7"}, day="2026-11-24"),
        # What it was told was not to be believed.
        Tale().bought("pay_late").call("query", minute=10, fault="bad_signature").book(late_after=at(5), paid_at=at(20))
        .ledger(status="CLOSED"),
    ],
)  # fmt: skip
def test_a_gateway_that_could_know_is_convicted(tale):
    assert tale.verdict("notify/nothing-lost") is Verdict.FAIL


@pytest.mark.parametrize(
    "tale",
    [
        late().compared(day="2026-11-22"),
        late().compared(done=False),
        late().compared(ends="fail"),
        late().compared({"number": "T1"}),
        # The answer took its time, but was true.
        late(asked=4).call("close", minute=21, fault="delay"),
        # A forgery and a notify of the refund tell nobody of the money.
        late().notify("forged", acked=False).notify(event="refund"),
    ],
)
def test_what_tells_nothing_of_the_money_leaves_it_in_doubt(tale):
    assert tale.verdict("notify/nothing-lost") is Verdict.UNKNOWN


def test_an_order_that_was_paid_under_another_number_too_is_in_doubt():
    tale = late().book(number="T2").ledger(990, number="T2")

    assert tale.verdict("money/credited-amount") is Verdict.UNKNOWN


def test_whatever_else_is_broken_is_told_all_the_same():
    tale = late().book(number="T2")

    assert tale.verdict("notify/nothing-lost") is Verdict.FAIL


def audited(*, status):
    auditor = Auditor()
    auditor.add_unheard({"T1": "nobody could know"})
    ledger = [(payment(status=status, credited=()), None), (payment(2), legs(990, -990))]
    witness = Witness(notifies_delivered=1, notifies_acked=1)
    return audit(book=[trade(), trade(2)], ledger=ledger, webhooks=[webhook(2)], witness=witness, auditor=auditor)


def test_the_audit_is_in_doubt_too():
    report = audited(status="CLOSED")

    assert (report.verdict, report.lost, report.findings) == (Verdict.UNKNOWN, 0, ())
    assert report.reasons == ("nobody could know",)


def test_the_audit_convicts_a_gateway_that_still_waits():
    assert audited(status="PENDING").lost == 1
