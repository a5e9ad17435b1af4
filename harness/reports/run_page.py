"""
The report of a run that names no requirements of its own, such as a demo: its figures, and its findings with all that
one needs to believe them.

It reads what the run folder holds and judges nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from markupsafe import Markup

from harness.catalog import BY_ID
from harness.control import Exchange
from harness.history import Operation, read_history
from harness.reports.check_page import FINDINGS_SHOWN_WHOLE, drawn
from harness.reports.html import Page, Section, fragment, render
from harness.reports.sources import source_of
from harness.verdict import Finding, Verdict
from harness.words import Words

HISTORY, WIRE = "history.ndjson", "wire.ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """
    Args:
        figures: names and values of the summary, those that are worth showing.
        reasons: why the verdict is UNKNOWN.
        more: further sections, before the findings: a timeline, curves.
    """

    title: str
    verdict: Verdict
    facts: Mapping[str, str]
    figures: Mapping[str, object]
    findings: Sequence[Finding]
    run_dir: Path
    again: str
    reasons: Sequence[str] = ()
    more: Sequence[Section] = ()


def run_page(report: RunReport, *, words: Words) -> str:
    """
    The file.
    """
    figures = {words.say(name.replace("_", " ")): _plain(value) for name, value in report.figures.items()}
    body = fragment("figures.html", figures=figures, reasons=report.reasons, again=report.again, words=words)
    sections = [Section(words.say("Summary"), body, "summary"), *report.more]
    if report.findings:
        note = words.say("{count} broken", count=len(report.findings))
        sections.append(Section(words.say("Findings"), finding_parts(report, words=words), "findings", note))
    page = Page(title=report.title, verdict=report.verdict, facts=report.facts, sections=sections)
    return render(page, lang=words.lang)


def finding_parts(report: RunReport, *, words: Words) -> Markup:
    """
    A part for each finding, with its drawing and its bytes.
    """
    told = report.findings[:FINDINGS_SHOWN_WHOLE]
    operations = read_history(report.run_dir / HISTORY).operations if (report.run_dir / HISTORY).is_file() else ()
    orders = {found.order for found in told}
    numbers = {str(line.value["number"]) for line in operations if line.order in orders and line.value.get("number")}
    wire = wire_of(report.run_dir / WIRE, numbers)
    return Markup("\n").join(_part(found, operations, wire, words=words) for found in told)


def wire_of(file: Path, numbers: Iterable[str]) -> list[Exchange]:
    """
    The exchanges about these orders; a line is parsed only when it names one of them.
    """
    wanted = [number.encode() for number in numbers]
    if not wanted or not file.is_file():
        return []
    with file.open("rb") as lines:
        found = [line for line in lines if line.endswith(b"\n") and any(number in line for number in wanted)]
    return [Exchange.from_json(orjson.loads(line)) for line in found]


def _part(found: Finding, operations: Sequence[Operation], wire: Sequence[Exchange], *, words: Words) -> Markup:
    known = bool(operations) and bool(found.order or found.evidence)
    drawing, exchanges = drawn(found, operations, wire, words=words) if known else (Markup(), [])
    rule = BY_ID.get(found.id)
    return fragment(
        "finding.html",
        anchor=f"{found.id}-{found.order}".replace("/", "-"),
        result={"verdict": found.verdict, "reason": ""},
        found=found,
        title=found.order,
        sources=[source_of(anchor) for anchor in (rule.facts if rule is not None else ())],
        drawing=drawing,
        wire=exchanges,
        history=HISTORY if operations else "",
        words=words,
    )


def _plain(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
