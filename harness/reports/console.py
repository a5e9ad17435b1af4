"""
The run for people: tables and a progress line on a terminal, plain lines elsewhere.

It refuses to write to stdout when that belongs to a machine: the caller hands it stderr then.
"""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.audit import AuditReport
from harness.checks.base import Judgement
from harness.events import (
    Audited,
    Event,
    Judged,
    Noted,
    Progressed,
    Resulted,
    RunEnded,
    RunStarted,
    Said,
    StepStarted,
    Tabled,
)
from harness.trial import Result
from harness.verdict import Finding, Verdict
from harness.words import Words

FINDINGS_SHOWN = 10
COLOURS = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.UNKNOWN: "yellow",
    Verdict.NON_STRICT: "yellow",
    Verdict.KNOWN: "yellow",
    Verdict.NOT_RUN: "dim",
}


class ConsoleReport:
    """
    Args:
        stream: stdout, or stderr under --json.
        terminal: None asks the stream.
        words: the reader's language; ids and verdicts stay as they are.
    """

    def __init__(self, stream: TextIO, *, terminal: bool | None = None, words: Words | None = None) -> None:
        self._words = words if words is not None else Words()
        self._pretty = stream.isatty() if terminal is None else terminal
        # Plain lines are for logs: no wrapping at a width that nobody looks at.
        width = None if self._pretty else 10_000
        self._console = Console(file=stream, force_terminal=self._pretty, highlight=False, soft_wrap=True, width=width)
        self._tenths: dict[str, int] = {}

    def hear(self, event: Event) -> None:
        match event:
            case RunStarted():
                facts = "  ".join(f"{self._words.say(name)} {value}" for name, value in event.facts.items())
                self._line(Text.assemble((event.title, "bold"), f"  {facts}" if facts else ""))
            case StepStarted():
                self._line(f"  {event.number}/{event.total} {self._words.sentence(event.text)}")
            case Progressed():
                self._progress(event)
            case Said():
                self._line(self._words.sentence(event.text))
            case Noted():
                self._line(Text(f"  {self._words.say('note')}: {self._words.sentence(event.text)}", style="yellow"))
            case Tabled():
                self._tabled(event)
            case _:
                self._hear_verdicts(event)

    def _hear_verdicts(self, event: Event) -> None:
        match event:
            case Judged():
                self._judged(event.judgement)
            case Resulted():
                self._resulted(event.result)
            case Audited():
                self._findings(event.report)
            case RunEnded():
                self._ended(event)

    def close(self) -> None:
        self._console.file.flush()

    def _line(self, text: str | Text) -> None:
        self._console.print(text, markup=False)

    def _progress(self, event: Progressed) -> None:
        """
        A line for each tenth: enough to see that it lives, and a log stays short.
        """
        tenth = event.done * 10 // max(event.total, 1)
        if self._tenths.get(event.what) != tenth:
            self._tenths[event.what] = tenth
            self._line(f"  {self._words.say(event.what)}: {event.done}/{event.total}")

    def _tabled(self, event: Tabled) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for number, column in enumerate(event.columns):
            table.add_column(self._words.say(column), justify="right" if number else "left", no_wrap=True)
        for row in event.rows:
            table.add_row(*map(str, row))
        self._console.print(table)

    def _judged(self, judgement: Judgement) -> None:
        seen = self._words.say("witnessed {count} times", count=judgement.witnessed)
        reason = f"  {self._words.sentence(judgement.reason) if judgement.reason else seen}"
        self._line(
            Text.assemble(
                "  ",
                (judgement.verdict.value, COLOURS[judgement.verdict]),
                f"  {judgement.requirement}",
                (reason, "dim"),
            )
        )
        self._list(judgement.findings)

    def _resulted(self, result: Result) -> None:
        """
        What is kept takes one line; what is not says why, and how to see it again.
        """
        why = f"  {self._words.sentence(result.reason)}" if result.reason else ""
        verdict = (f"{result.verdict.value:<10}", COLOURS[result.verdict])
        self._line(Text.assemble("  ", verdict, f" {result.channel:<14} {result.requirement.id}", (why, "dim")))
        if result.finding is not None:
            self._list((result.finding,))

    def _findings(self, report: AuditReport) -> None:
        self._list(report.findings)
        hidden = max(len(report.findings) - FINDINGS_SHOWN, 0) + report.findings_left_out
        if hidden:
            self._line(f"    {self._words.say('and {count} more', count=hidden)}")

    def _list(self, findings: Iterable[Finding]) -> None:
        for finding in tuple(findings)[:FINDINGS_SHOWN]:
            self._line(Text.assemble("    ", (self._words.sentence(finding.sentence), "red"), f"  [{finding.id}]"))
            if finding.evidence:
                lines = ", ".join(map(str, finding.evidence))
                self._line(f"      {self._words.say('history lines {lines}', lines=lines)}")
            if finding.replay:
                self._line(f"      {self._words.say('again')}: {finding.replay}")

    def _ended(self, event: RunEnded) -> None:
        rows = [
            (self._words.say(name.replace("_", " ")), _said(event.summary[name]))
            for name in event.shown
            if name in event.summary
        ]
        if self._pretty and rows:
            table = Table(show_header=False, box=None, padding=(0, 2))
            table.add_column(style="bold")
            table.add_column(justify="right")
            for name, value in rows:
                table.add_row(name, value)
            self._console.print(table)
        else:
            width = max((len(name) for name, _ in rows), default=0)
            for name, value in rows:
                self._line(f"{name:<{width}}  {value:>8}")
        for reason in event.reasons:
            self._line(f"{self._words.say('undecided')}: {self._words.sentence(reason)}")
        self._line(Text.assemble(f"{self._words.say('verdict')} ", (event.verdict.value, COLOURS[event.verdict])))


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return "  ".join(f"{name} {_said(part)}" for name, part in value.items() if part is not None)
    return "-" if value is None else str(value)
