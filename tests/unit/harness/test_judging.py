from harness.audit import Witness, audit
from harness.judging import with_checks
from harness.verdict import Verdict
from tests.unit.harness.rows import history, legs, order, payment, trade, webhook


def clean():
    return audit(
        book=[trade()],
        ledger=[(payment(), legs(990, -990))],
        webhooks=[webhook()],
        witness=Witness(notifies_delivered=1, notifies_acked=1),
    )


def looks(*statuses):
    written = history()
    for status in statuses:
        written.ok(written.invoke("get", order=order(1)), status=status)
    return written


def test_what_a_check_finds_fails_a_clean_audit():
    report = with_checks(clean(), looks("PAID", "PENDING"), seed=7, replay="again")

    assert report.verdict is Verdict.FAIL
    assert [(found.id, found.seed, found.replay) for found in report.findings] == [("state/never-back", 7, "again")]


def test_checks_that_were_not_put_to_the_test_say_nothing():
    assert with_checks(clean(), looks("PENDING"), seed=7, replay="again") == clean()
