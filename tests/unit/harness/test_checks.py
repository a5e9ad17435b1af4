import pytest

from harness.catalog import BY_ID, REQUIREMENTS
from harness.checks import CHECKS, judge
from harness.verdict import Level, Verdict
from tests.unit.harness.rows import history, order
from tests.unit.harness.tale import Tale
from tests.unit.harness.tales import TALES


@pytest.mark.parametrize(("requirement", "verdict", "tale"), TALES)
def test_each_tale_is_judged_as_written(requirement, verdict, tale):
    assert tale.verdict(requirement) is Verdict(verdict)


@pytest.mark.parametrize("requirement", CHECKS)
def test_every_check_has_a_tale_of_each_kind_and_doubts_an_empty_history(requirement):
    told = {verdict for name, verdict, _ in TALES if name == requirement}
    broken = "FAIL" if BY_ID[requirement].level is Level.MUST else "NON_STRICT"

    assert told == {"PASS", broken, "UNKNOWN"}
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
    judged = judge(Tale().right().history, ["money/credited-amount", "never/heard-of"])

    assert [(one.requirement, one.verdict) for one in judged] == [("money/credited-amount", Verdict.PASS)]


def test_every_requirement_has_its_check():
    assert [rule.id for rule in REQUIREMENTS if rule.id not in CHECKS] == []
    assert len(REQUIREMENTS) == len(BY_ID) == len({rule.text for rule in REQUIREMENTS})


def test_a_requirement_of_one_channel_says_nothing_of_another():
    def told(channel):
        tale = Tale().asked(channel=channel).notify("replayed", fault="stale_timestamp").right()
        return tale.verdict("clock/stale-stamp-refused")

    assert told("wechatpay_v3") is Verdict.FAIL
    assert told("wechatpay_v2") is Verdict.UNKNOWN


def test_a_refund_notice_over_another_amount_may_be_taken_as_a_reason_to_ask():
    tale = Tale().notify("tampered", event="refund").right()

    assert tale.verdict("money/tampered-amount-refused") is Verdict.UNKNOWN


def test_an_answer_that_nobody_may_believe_is_made_good_by_a_notify():
    tale = Tale().call("query", fault="bad_signature").right()

    assert tale.verdict("signature/answer-tampered-not-believed") is Verdict.FAIL
    assert tale.notify().verdict("signature/answer-tampered-not-believed") is Verdict.PASS
