"""
The results as JUnit XML, for the pages of CI servers: a test case for each requirement and channel.

FAIL is a failure. UNKNOWN is an error, so that nothing that was never witnessed shows as passed. What could not be run,
and what the user's list of known failures names, is skipped, with the reason.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

from harness.errors import ConfigError
from harness.trial import Result
from harness.verdict import Finding, Verdict

# What XML 1.0 cannot carry, as a gateway may have said it.
_UNSPEAKABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(file: Path, results: Sequence[Result], *, seed: int, gateway: str) -> None:
    """
    Write the file.

    Args:
        seed, gateway: properties of every suite.

    Raises:
        ConfigError: it cannot be written there.
    """
    document = JUnitXml(name="payproof check")
    for channel in dict.fromkeys(result.channel for result in results):
        suite = TestSuite(name=channel)
        told = Properties()
        for name, value in (("seed", str(seed)), ("gateway", gateway), ("channel", channel)):
            told.add_property(Property(name, _speakable(value)))
        suite.append(told)
        suite.add_testcases(_cases(result for result in results if result.channel == channel))
        document.add_testsuite(suite)
    document.update_statistics()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        document.write(str(file), pretty=True)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}", hint="name another file with --junit"
        ) from error


def _cases(results: Iterable[Result]) -> list[TestCase]:
    return [_case(result) for result in results]


def _case(result: Result) -> TestCase:
    case = TestCase(name=result.requirement.id, classname=f"payproof.{result.channel}")
    match result.verdict:
        case Verdict.FAIL:
            outcome = Failure(_speakable(_sentence(result)), type_=result.requirement.level.value)
            outcome.text = _speakable(_told(result.finding, result.requirement.text, result.reason))
            case.result = [outcome]
        case Verdict.UNKNOWN:
            case.result = [Error(_speakable(result.reason), type_="UNKNOWN")]
        case Verdict.NOT_RUN:
            case.result = [Skipped(_speakable(result.reason))]
        case Verdict.KNOWN:
            case.result = [Skipped(_speakable(f"known: {result.reason}"))]
        case Verdict.NON_STRICT:
            case.system_out = _speakable(_told(result.finding, result.requirement.text, result.reason))
        case Verdict.PASS:
            pass
    return case


def _sentence(result: Result) -> str:
    return result.reason if result.finding is None else result.finding.sentence


def _told(found: Finding | None, requirement: str, reason: str) -> str:
    if found is None:
        return f"{requirement}\n{reason}"
    lines = (
        requirement,
        reason,
        f"expected: {found.expected}",
        f"actual: {found.actual}",
        f"order: {found.order}" if found.order else "",
        f"again: {found.replay}" if found.replay else "",
    )
    return "\n".join(line for line in lines if line)


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("\N{REPLACEMENT CHARACTER}", text)
