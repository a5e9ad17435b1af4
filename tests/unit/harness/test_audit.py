from dataclasses import replace

import pytest

from harness.audit import Auditor, Witness, audit
from harness.facts import Witnesses
from harness.verdict import Verdict
from tests.unit.harness.rows import history, legs, order, payment, trade, webhook

WITNESSED = Witness(notifies_delivered=1, notifies_acked=1)
# A payment that went round, so that a row under test is not the only one.
GOOD = 900


def judged(*, book=None, ledger=None, webhooks=None, entries=None, witness=WITNESSED, auditor=None):
    """
    The audit of payment 1 as given, beside one that is in order.
    """
    return audit(
        book=[trade(GOOD), *([] if book is None else [book])],
        ledger=[(payment(GOOD), legs(990, -990)), *([] if ledger is None else [(ledger, entries)])],
        webhooks=[webhook(GOOD, event="good"), *([webhook()] if webhooks is None else webhooks)],
        witness=witness,
        auditor=auditor,
    )


def damages(report):
    return {"lost": report.lost, "credited_twice": report.credited_twice, "mismatched": report.mismatched}


def only(**counts):
    return {"lost": 0, "credited_twice": 0, "mismatched": 0, **counts}


def test_books_that_agree_pass():
    report = judged(book=trade(), ledger=payment(), entries=legs(990, -990))

    assert report.verdict is Verdict.PASS
    assert (report.payments, report.paid, report.webhooks, report.transactions) == (2, 2, 2, 2)
    assert damages(report) == only()


def test_an_unpaid_payment_is_no_difference():
    report = judged(book=trade(paid=0), ledger=payment(status="PENDING", credited=()), webhooks=[])

    assert report.verdict is Verdict.PASS
    assert report.paid == 1


def test_a_payment_that_never_reached_the_provider_is_no_difference():
    assert judged(ledger=payment(status="CLOSED", credited=()), webhooks=[]).verdict is Verdict.PASS


@pytest.mark.parametrize("status", ["PENDING", "CLOSED", "CANCELLED"])
def test_paid_in_the_book_alone_is_lost(status):
    report = judged(book=trade(), ledger=payment(status=status, credited=()), webhooks=[])

    assert damages(report) == only(lost=1)
    assert report.findings[0].money == (
        f"order {order(1)} lost: 9.90 yuan paid by the buyer, the gateway says {status}"
    )


def test_paid_and_unknown_to_the_gateway_is_lost():
    assert damages(judged(book=trade(), webhooks=[])) == only(lost=1)


def test_a_late_payment_that_was_refunded_is_not_lost():
    late = payment(status="CLOSED", credited=(), refunded=990, refund_status="FULL")
    refunded = [webhook(event="r", kind="refund.succeeded", refund=990)]

    assert damages(judged(book=trade(refunded=990), ledger=late, webhooks=refunded)) == only()


@pytest.mark.parametrize(
    ("given_back", "status"),
    [(0, "FULL"), (400, "PARTIAL"), (989, "FULL")],
)
def test_a_late_payment_of_which_the_book_knows_no_whole_refund_is_lost(given_back, status):
    late = payment(status="CLOSED", credited=(), refunded=given_back, refund_status=status)

    assert judged(book=trade(refunded=given_back), ledger=late, webhooks=[]).lost == 1


def test_two_credits_are_said_in_money():
    report = judged(book=trade(), ledger=payment(credited=(990, 990)))

    assert damages(report) == only(credited_twice=1)
    assert report.findings[0].money == f"order {order(1)} credited twice: 9.90 yuan too much"
    assert report.findings[0].id == "idempotency/credited-once"


def test_nine_credits_are_one_payment_credited_twice():
    report = judged(book=trade(), ledger=payment(credited=(990,) * 9))

    assert damages(report) == only(credited_twice=1)
    assert "credited 9 times: 79.20 yuan too much" in report.findings[0].money


def test_without_a_ledger_distinct_paid_events_are_the_effects():
    blind = payment(credited=None, debits=None)
    same_event_again = [webhook(event="a"), webhook(event="a")]
    another_event = [webhook(event="a"), webhook(event="b")]

    assert damages(judged(book=trade(), ledger=blind, webhooks=same_event_again)) == only()
    assert judged(book=trade(), ledger=blind, webhooks=another_event).credited_twice == 1


@pytest.mark.parametrize(
    ("book", "ledger", "requirement"),
    [
        (trade(), payment(credited=(1990,)), "money/credited-amount"),
        (trade(), payment(credited=()), "money/credited-amount"),
        (trade(), payment(channel_trade_no="9999"), "money/trade-number"),
        (trade(), payment(refunded=100, debits=()), "refund/books-agree"),
        (trade(refunded=100), payment(), "refund/books-agree"),
        (trade(refunded=100), payment(refunded=100, debits=(50,)), "refund/books-agree"),
        (trade(refunded=1000), payment(refunded=1000, debits=(1000,)), "refund/never-above-paid"),
        (trade(total=980), payment(), "money/order-amount"),
    ],
)
def test_any_other_difference_is_a_mismatch(book, ledger, requirement):
    report = judged(book=book, ledger=ledger)

    assert damages(report) == only(mismatched=1)
    assert requirement in {finding.id for finding in report.findings}
    assert report.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("status", "credited", "requirement"),
    [("PENDING", (990,), "money/credited-only-when-paid"), ("PAID", (), "state/books-agree")],
)
def test_money_that_nobody_paid_is_a_mismatch(status, credited, requirement):
    report = judged(book=trade(paid=0), ledger=payment(status=status, credited=credited), webhooks=[])

    assert damages(report) == only(mismatched=1)
    assert report.findings[0].id == requirement


def test_a_credit_for_an_order_that_the_provider_never_saw_is_a_mismatch():
    assert damages(judged(ledger=payment(), webhooks=[])) == only(mismatched=1)


def test_a_transaction_must_sum_to_zero():
    report = judged(book=trade(), ledger=payment(), entries=(*legs(990, -990), *legs(5, -4, transaction="tx2")))

    assert damages(report) == only(mismatched=1)
    assert "0.01 yuan out of nowhere in ledger transaction tx2" in report.findings[0].money


@pytest.mark.parametrize(
    "webhooks",
    [
        [],
        [webhook(event="a", answered=500)],
        [webhook(event="a"), webhook(event="b")],
        [webhook(amount=1990)],
        [webhook(), webhook(event="r", kind="refund.succeeded", refund=10)],
    ],
)
def test_the_platform_is_told_once_and_right(webhooks):
    assert damages(judged(book=trade(), ledger=payment(), webhooks=webhooks)) == only(mismatched=1)


def test_the_same_event_redelivered_is_told_once():
    webhooks = [webhook(event="a", answered=500), webhook(event="a"), webhook(event="a")]

    assert damages(judged(book=trade(), ledger=payment(), webhooks=webhooks)) == only()


def test_the_platform_told_of_money_that_nobody_paid_is_a_mismatch():
    assert damages(judged(book=trade(paid=0), ledger=payment(status="PENDING", credited=()))) == only(mismatched=1)


def test_a_webhook_about_an_order_that_nobody_knows_is_a_mismatch():
    assert damages(judged(webhooks=[webhook(77)])) == only(mismatched=1)


def test_full_refunds_agree():
    told = [webhook(), webhook(event="r", kind="refund.succeeded", refund=990)]
    report = judged(book=trade(refunded=990), ledger=payment(refunded=990, debits=(500, 490)), webhooks=told)

    assert damages(report) == only()
    assert report.refunded == 1


@pytest.mark.parametrize(
    ("witness", "reason"),
    [
        (Witness(notifies_delivered=0, notifies_acked=0), "no notify reached the gateway"),
        (Witness(notifies_delivered=3, notifies_acked=0), "no notify that reached the gateway was acknowledged"),
    ],
)
def test_clean_books_without_a_notify_prove_nothing(witness, reason):
    report = judged(book=trade(), ledger=payment(), witness=witness)

    assert report.verdict is Verdict.UNKNOWN
    assert report.reasons == (reason,)


def test_clean_books_without_a_webhook_prove_nothing():
    report = audit(book=[trade()], ledger=[(payment(), None)], webhooks=[], witness=WITNESSED)

    assert report.verdict is Verdict.UNKNOWN
    assert damages(report) == only()


def test_a_gateway_that_promises_no_webhooks_needs_none():
    silent = Witness(notifies_delivered=1, notifies_acked=1, webhooks_promised=False)

    assert audit(book=[trade()], ledger=[(payment(), None)], webhooks=[], witness=silent).verdict is Verdict.PASS


def test_a_run_in_which_nobody_paid_is_undecided():
    report = audit(
        book=[trade(paid=0)], ledger=[(payment(status="PENDING", credited=()), None)], webhooks=[], witness=WITNESSED
    )

    assert report.verdict is Verdict.UNKNOWN


def test_a_finding_beats_a_doubt():
    report = audit(book=[trade()], ledger=[], webhooks=[], witness=Witness(notifies_delivered=0, notifies_acked=0))

    assert report.verdict is Verdict.FAIL


def test_payments_of_an_earlier_run_on_the_same_store_are_passed_over():
    auditor = Auditor(ours=lambda order_no: order_no.endswith("-run1"))
    earlier = payment(5, merchant_order_no="pp000005-run0", credited=(990, 990))

    report = judged(ledger=earlier, webhooks=[], auditor=auditor)

    assert damages(report) == only()
    assert report.payments == 1


@pytest.mark.parametrize("told", [[], [replace(webhook(5), merchant_order_no="pp000005-run0")]])
def test_an_earlier_runs_order_that_is_paid_in_this_runs_book_is_judged_with_what_was_told_of_it(told):
    auditor = Auditor(ours=lambda order_no: order_no.endswith("-run1"))
    earlier = payment(5, merchant_order_no="pp000005-run0")

    report = judged(book=trade(5), ledger=earlier, webhooks=told, auditor=auditor)

    # What that run's platform heard is not known; what this one's heard is no money out of nowhere.
    assert damages(report) == only()
    assert (report.payments, report.webhooks) == (2, 1)


def test_an_earlier_runs_order_that_is_told_of_anew_and_stands_in_no_book_is_passed_over():
    auditor = Auditor(ours=lambda order_no: order_no.endswith("-run1"))
    earlier = payment(5, merchant_order_no="pp000005-run0")
    told = replace(webhook(5), merchant_order_no="pp000005-run0")

    assert damages(judged(ledger=earlier, webhooks=[told], auditor=auditor)) == only()


def test_an_earlier_runs_order_is_accused_of_what_this_runs_platform_was_told_amiss():
    auditor = Auditor(ours=lambda order_no: order_no.endswith("-run1"))
    earlier = payment(5, merchant_order_no="pp000005-run0")
    told = replace(webhook(5, amount=1), merchant_order_no="pp000005-run0")

    assert damages(judged(book=trade(5), ledger=earlier, webhooks=[told], auditor=auditor)) == only(mismatched=1)


def test_a_payment_that_the_export_shows_twice_is_judged_once():
    report = audit(
        book=[trade()], ledger=[(payment(), None), (payment(), None)], webhooks=[webhook()], witness=WITNESSED
    )

    assert damages(report) == only()
    assert report.payments == 1


def test_many_findings_are_counted_and_few_are_shown():
    report = audit(
        book=[trade(number) for number in range(1, 30)],
        ledger=[],
        webhooks=[],
        witness=WITNESSED,
        auditor=Auditor(findings_max=10),
    )

    assert report.lost == 29
    assert (len(report.findings), report.findings_left_out) == (10, 19)


def test_a_finding_points_at_the_shortest_witness():
    told = history()
    paid = told.ok(told.invoke("pay", order=order(1)))
    notifies = [told.fact("notify", order=order(1), acked=True) for _ in range(5)]
    told.fact("notify", order=order(2), acked=True)
    ledger = told.fact("ledger", order=order(1))

    report = judged(
        book=trade(), ledger=payment(credited=(990, 990)), auditor=Auditor(evidence_of=Witnesses(told), seed=7)
    )

    assert report.findings[0].evidence == (paid, *notifies[-2:], ledger)
    assert report.findings[0].seed == 7


def test_a_forgery_that_was_believed_fails_the_audit_though_the_books_agree():
    auditor = Auditor()
    auditor.add_forged_ack(order(1))

    report = judged(book=trade(), ledger=payment(), auditor=auditor)

    assert report.verdict is Verdict.FAIL
    assert damages(report) == only()
    assert report.forged_acked == 1
    assert report.findings[0].id == "signature/forged-never-acked"


def two(first, second, *, webhooks):
    """One order, opened twice; the second trade is the one that was paid."""
    again = payment(2, merchant_order_no=order(1), **second)
    return audit(
        book=[trade(1, paid=0), trade(2)],
        ledger=[(payment(1, **first), None), (again, None)],
        webhooks=webhooks,
        witness=WITNESSED,
    )


def test_an_order_opened_twice_is_found():
    report = two({"status": "PENDING", "credited": ()}, {}, webhooks=[webhook()])

    assert [finding.id for finding in report.findings] == ["idempotency/opened-once"]
    assert report.findings[0].money == f"order {order(1)} opened 2 times: the buyer can pay 9.90 yuan more than once"


def test_an_order_opened_anew_after_its_end_is_none():
    report = two({"status": "CLOSED", "credited": ()}, {}, webhooks=[webhook()])

    assert report.verdict is Verdict.PASS


def test_legs_that_went_the_wrong_way_are_found_though_they_sum_to_zero():
    there = (*legs(990, -990), *legs(400, -400, transaction="tx2"))
    back = (*legs(990, -990), *legs(-400, 400, transaction="tx2"))
    refunded = {"book": trade(refunded=400), "ledger": payment(refunded=400, debits=(400,))}
    told = [webhook(), webhook(event="r", kind="refund.succeeded", refund=400)]

    wrong, right = (judged(**refunded, webhooks=told, entries=entries) for entries in (there, back))

    assert [finding.id for finding in wrong.findings] == ["money/ledger-net"]
    assert "no account of the ledger is left with 5.90 yuan, but a0 13.90 yuan" in wrong.findings[0].money
    assert right.verdict is Verdict.PASS


def test_an_account_for_fees_is_no_wrong_way():
    shared = (*legs(984, -990), *legs(0, 0, 6)[2:])

    assert judged(book=trade(), ledger=payment(), entries=shared).verdict is Verdict.PASS


def test_a_refund_whose_event_was_never_taken_was_not_told():
    refused = [webhook(), webhook(event="r", kind="refund.succeeded", refund=400, answered=500)]
    refunded = payment(refunded=400, debits=(400,))

    report = judged(book=trade(refunded=400), ledger=refunded, webhooks=refused)

    assert [finding.id for finding in report.findings] == ["refund/books-agree"]


def test_a_doubt_of_whoever_ran_it_forbids_a_pass_and_excuses_nothing():
    doubtful = Witness(notifies_delivered=1, notifies_acked=1, doubts=("it was too short",))

    clean = judged(book=trade(), ledger=payment(), witness=doubtful)
    broken = judged(book=trade(), ledger=payment(credited=(990, 990)), witness=doubtful)

    assert (clean.verdict, clean.reasons) == (Verdict.UNKNOWN, ("it was too short",))
    assert broken.verdict is Verdict.FAIL


def test_of_a_gateway_that_fell_silent_nothing_is_said_but_what_was_seen():
    silent = Witness(notifies_delivered=1, notifies_acked=1, doubts=("it does not answer",), ledger_read=False)
    auditor = Auditor()

    unread = audit(book=[trade()], ledger=[], webhooks=[webhook()], witness=silent)
    auditor.add_forged_ack(order(1))
    believed = audit(book=[trade()], ledger=[], webhooks=[webhook()], witness=silent, auditor=auditor)

    assert (unread.verdict, unread.paid, unread.findings) == (Verdict.UNKNOWN, 1, ())
    assert believed.verdict is Verdict.FAIL
