"""
The report of `payproof check`: what was kept and what was not, and of each finding all that one needs to believe it.

It reads what the run folder holds (histories, wire lines) and judges nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from markupsafe import Markup

from harness.channels import CHANNELS, provider_of
from harness.control import Exchange
from harness.history import Operation, read_history
from harness.reports.html import Page, Section, fragment, render
from harness.reports.sequence import sequence
from harness.reports.sources import Source, source_of
from harness.reports.story import Row, shortest, story_of
from harness.reports.wire_bytes import Shown, shown
from harness.trial import Result, wire_file
from harness.verdict import Finding, Verdict
from harness.words import Words

# Each shows its bytes; a gateway that breaks everything is not told everything in one file.
FINDINGS_SHOWN_WHOLE = 40
FILTERS = ("FAIL", "UNKNOWN", "NOT_RUN", "NON_STRICT", "KNOWN")
TITLE = "payproof check"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """
    Args:
        facts: names and values for the head of the page: gateway, seed, version.
        again: the command that does the whole run once more.
        more: further sections, at the end: the grid of states and faults.
    """

    verdict: Verdict
    results: Sequence[Result]
    facts: Mapping[str, str]
    run_dir: Path
    again: str
    more: Sequence[Section] = ()


def check_page(report: CheckReport, *, words: Words) -> str:
    """
    The file.
    """
    say = words.say
    broken = [result for result in report.results if result.finding is not None]
    sections = [
        Section(say("Summary"), _summary(report, words=words), "summary"),
        Section(say("Requirements by channel"), _grid(report.results, words=words), "grid"),
    ]
    if broken:
        note = say("{count} broken", count=len(broken))
        sections.append(Section(say("Findings"), _findings(broken, report=report, words=words), "findings", note))
    undecided = [result for result in report.results if result.reason and result.finding is None]
    if undecided:
        body = fragment("reasons.html", groups=_by_reason(undecided), words=words, titles=CHANNELS)
        sections.append(Section(say("Undecided and not run"), body, "undecided"))
    sections += report.more
    page = Page(title=TITLE, verdict=report.verdict, facts=report.facts, sections=sections, lead=_lead(report, words))
    return render(page, lang=words.lang)


def anchor_of(result: Result) -> str:
    """
    What a finding is linked by.
    """
    return f"{result.requirement.id}/{result.channel}".replace("/", "-")


def _lead(report: CheckReport, words: Words) -> str:
    broken = len({result.requirement.id for result in report.results if result.verdict is Verdict.FAIL})
    match report.verdict:
        case Verdict.FAIL:
            return words.say("{count} requirements are broken.", count=broken)
        case Verdict.UNKNOWN | Verdict.NOT_RUN:
            return words.say("Not everything was put to the test; what was not is no pass.")
        case _:
            return words.say("Everything that was put to the test is kept.")


def _summary(report: CheckReport, *, words: Words) -> Markup:
    counts = Counter(result.verdict for result in report.results)
    shown_counts = [(verdict.value, counts[verdict]) for verdict in Verdict if counts[verdict]]
    return fragment("summary.html", counts=shown_counts, again=report.again, words=words)


def _grid(results: Sequence[Result], *, words: Words) -> Markup:
    channels = [name for name in CHANNELS if any(result.channel == name for result in results)]
    families: dict[str, dict[str, dict[str, Result]]] = {}
    for result in results:
        rows = families.setdefault(result.requirement.family, {})
        rows.setdefault(result.requirement.id, {})[result.channel] = result
    present = _verdicts(results)
    return fragment(
        "grid.html",
        channels=channels,
        titles=CHANNELS,
        families=families,
        filters=[name for name in FILTERS if name in present],
        verdicts_of=_verdicts,
        anchor_of=anchor_of,
        words=words,
    )


def _verdicts(results: Iterable[Result]) -> list[str]:
    return sorted({result.verdict.value for result in results})


def _findings(broken: Sequence[Result], *, report: CheckReport, words: Words) -> Markup:
    whole, rest = broken[:FINDINGS_SHOWN_WHOLE], broken[FINDINGS_SHOWN_WHOLE:]
    parts = [_finding(result, report=report, words=words) for result in whole]
    parts += [_finding(result, report=None, words=words) for result in rest]
    return Markup("\n").join(parts)


def _finding(result: Result, *, report: CheckReport | None, words: Words) -> Markup:
    found = result.finding
    assert found is not None
    drawing, wire = Markup(), list[Shown]()
    history = ""
    if report is not None:
        history = f"cases/{result.channel}/{result.case}.ndjson"
        drawing, wire = told_by(found, report.run_dir / history, words=words)
    return fragment(
        "finding.html",
        anchor=anchor_of(result),
        result=result,
        found=found,
        title=words.say(CHANNELS[result.channel].title),
        sources=sources_of(result),
        drawing=drawing,
        wire=wire,
        history=history,
        words=words,
    )


def sources_of(result: Result) -> list[Source]:
    """
    What the requirement rests on; of several providers' facts those of the channel's own.
    """
    facts = result.requirement.facts
    own = [anchor for anchor in facts if anchor.startswith(f"{provider_of(result.channel)}/")]
    return [source_of(anchor) for anchor in own or facts]


def told_by(found: Finding, history: Path, *, words: Words) -> tuple[Markup, list[Shown]]:
    """
    A finding's drawing and the bytes of its exchanges, out of a history and the wire lines beside it.
    """
    if not history.is_file():
        return Markup(), []
    return drawn(found, read_history(history).operations, read_wire(wire_file(history)), words=words)


def drawn(
    found: Finding, operations: Sequence[Operation], exchanges: Sequence[Exchange], *, words: Words
) -> tuple[Markup, list[Shown]]:
    """
    A finding's drawing, its shortest witness, and the bytes of the exchanges in it.
    """
    rows = shortest(story_of(found, operations, exchanges, words=words))
    return sequence(rows, words=words), [
        shown(row.exchange, number=row.number or 0, evidence=row.evidence, words=words)
        for row in rows
        if isinstance(row, Row) and row.exchange is not None
    ]


def read_wire(file: Path) -> list[Exchange]:
    """
    The exchanges that a case left behind; none where it left none.
    """
    if not file.is_file():
        return []
    return [Exchange.from_json(orjson.loads(line)) for line in file.read_bytes().splitlines() if line]


def _by_reason(results: Iterable[Result]) -> dict[tuple[str, str], list[Result]]:
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.verdict.value, result.reason), []).append(result)
    return groups
