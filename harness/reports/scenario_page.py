"""
The report of one scenario: its picture over time, what it was judged by, and what was found.

It refuses to judge; it shows what the outcome and the history hold.
"""

from collections.abc import Iterable

from markupsafe import Markup

from harness.history import Operation
from harness.reports.html import Page, Section, fragment, render
from harness.reports.timeline import draw_timeline, span, timeline_of
from harness.script.outcome import ScenarioResult

IN_PROCESS = "in_process"


def scenario_page(result: ScenarioResult, history: Iterable[Operation], *, replay: str = "", lang: str = "en") -> str:
    """
    The file.

    Args:
        replay: the command that plays it again.
    """
    scenario = result.scenario
    sections = [Section("What happened", _timeline(result, history), "timeline")]
    if result.findings:
        found = fragment("scenario_findings.html", findings=result.findings)
        sections.append(Section("Findings", found, "findings", f"{len(result.findings)}"))
    sections.append(Section("Judged by", _judged(result, replay=replay), "judged"))
    facts = {"seed": str(result.seed), "world": result.world, "gateway": result.gateway}
    if result.audit is not None:
        facts |= {
            "payments": str(result.audit.payments),
            "paid": str(result.audit.paid),
            "lost": str(result.audit.lost),
            "credited twice": str(result.audit.credited_twice),
        }
    page = Page(
        title=f"{scenario.id}: {scenario.title}",
        verdict=result.verdict,
        lead=scenario.purpose,
        facts=facts,
        sections=sections,
    )
    return render(page, lang=lang)


def _timeline(result: ScenarioResult, history: Iterable[Operation]) -> Markup:
    told = timeline_of(history, one_time=result.world == IN_PROCESS)
    moments = [{"text": moment.text, "when": span(moment.x)} for moment in told.moments]
    return fragment("timeline.html", drawing=draw_timeline(told), moments=moments)


def _judged(result: ScenarioResult, *, replay: str) -> Markup:
    return fragment("scenario_judged.html", judgements=result.judgements, reasons=result.reasons, replay=replay)
