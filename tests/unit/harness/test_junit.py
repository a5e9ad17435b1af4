"""
JUnit XML as a CI server reads it: what is not known to be right never shows as passed.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.catalog import REQUIREMENTS
from harness.errors import ConfigError
from harness.reports.junit import write_junit
from harness.trial import Result
from harness.verdict import Finding, Verdict

RULE = REQUIREMENTS[0]
FOUND = Finding(
    id=RULE.id,
    requirement=RULE.text,
    expected="1 credit",
    actual="2 credits\x00",
    order="pp000001-x",
    money="order pp000001-x credited twice: 9.90 yuan too much",
    replay="payproof check idempotency/credited-once --seed 7",
)


def result(verdict, *, channel="alipay", reason="", finding=None):
    return Result(
        requirement=RULE, channel=channel, world="in_process", verdict=verdict, reason=reason, finding=finding
    )


def root_of(file: Path) -> ET.Element:
    return ET.parse(file).getroot()  # noqa: S314 - our own file


def cases(tmp_path: Path, *results: Result) -> list[ET.Element]:
    file = tmp_path / "ci" / "junit.xml"
    write_junit(file, results, seed=7, gateway="shop.yaml")
    return list(root_of(file).iter("testcase"))


@pytest.mark.parametrize(
    ("verdict", "tag"),
    [
        (Verdict.PASS, None),
        (Verdict.FAIL, "failure"),
        (Verdict.UNKNOWN, "error"),
        (Verdict.NOT_RUN, "skipped"),
        (Verdict.KNOWN, "skipped"),
        (Verdict.NON_STRICT, "system-out"),
    ],
)
def test_each_verdict_has_its_place(tmp_path: Path, verdict: Verdict, tag: str | None):
    (case,) = cases(tmp_path, result(verdict, reason="why", finding=FOUND if verdict is not Verdict.PASS else None))

    assert case.get("name") == RULE.id
    assert case.get("classname") == "payproof.alipay"
    assert [child.tag for child in case] == ([] if tag is None else [tag])


def test_a_failure_says_the_money_and_how_to_see_it_again(tmp_path: Path):
    (case,) = cases(tmp_path, result(Verdict.FAIL, finding=FOUND))

    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == FOUND.money
    assert f"again: {FOUND.replay}" in (failure.text or "")


def test_a_suite_for_each_channel_with_seed_and_gateway(tmp_path: Path):
    cases(tmp_path, result(Verdict.FAIL, finding=FOUND), result(Verdict.UNKNOWN, channel="wechatpay_v3", reason="why"))

    root = root_of(tmp_path / "ci" / "junit.xml")
    suites = list(root.iter("testsuite"))
    assert [(suite.get("name"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("alipay", "1", "0"),
        ("wechatpay_v3", "0", "1"),
    ]
    told = {(told.get("name"), told.get("value")) for told in suites[0].iter("property")}
    assert {("seed", "7"), ("gateway", "shop.yaml")} <= told


def test_a_file_that_cannot_be_written_is_the_users_to_mend(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot be written"):
        write_junit(tmp_path / "file" / "junit.xml", [], seed=1, gateway="reference")
