import pytest

from harness.verdict import Finding, FindingError, Level, Verdict, exit_code, merge, yuan_text


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ("PASS PASS", "PASS"),
        ("PASS UNKNOWN", "UNKNOWN"),
        ("UNKNOWN FAIL PASS", "FAIL"),
        ("PASS NOT_RUN", "PASS"),
        ("NOT_RUN", "NOT_RUN"),
        ("PASS NON_STRICT", "NON_STRICT"),
        ("NON_STRICT UNKNOWN", "UNKNOWN"),
        ("KNOWN PASS", "KNOWN"),
        ("KNOWN FAIL", "FAIL"),
        ("", "UNKNOWN"),
    ],
)
def test_failure_beats_doubt_beats_pass(parts, whole):
    assert merge(Verdict(part) for part in parts.split()) is Verdict(whole)


@pytest.mark.parametrize(
    ("verdict", "code"), [("PASS", 0), ("KNOWN", 0), ("NON_STRICT", 0), ("FAIL", 1), ("UNKNOWN", 3), ("NOT_RUN", 3)]
)
def test_each_verdict_has_its_exit_code(verdict, code):
    assert exit_code(Verdict(verdict)) == code


@pytest.mark.parametrize(
    ("fen", "words"), [(990, "9.90 yuan"), (5, "0.05 yuan"), (-1234, "-12.34 yuan"), (0, "0.00 yuan")]
)
def test_amounts_are_said_in_yuan(fen, words):
    assert yuan_text(fen) == words


def finding(order="pp000001", *, requirement="money/sums-zero", level=Level.MUST) -> Finding:
    return Finding(
        id=requirement, requirement="sums are zero", expected="0", actual="1", order=order, level=level, evidence=(3,)
    )


def test_finding_errors_are_equal_when_the_same_rule_broke():
    assert FindingError(finding("pp000001")) == FindingError(finding("pp000002"))
    assert FindingError(finding()) != FindingError(finding(requirement="state/never-back"))


def test_a_broken_should_is_not_strict():
    assert finding(level=Level.SHOULD).verdict is Verdict.NON_STRICT
    assert finding().verdict is Verdict.FAIL


def test_the_json_of_a_finding_points_at_its_evidence():
    assert finding().to_json()["evidence"] == [3]
