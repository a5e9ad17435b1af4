"""
The page of a load run: its verdict, its figures, and curves of what came, how long it took and who worked for it.

With an earlier run beside it, both are drawn into the same frames. It reads a summary and a series and measures
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from harness.load.judge import Judgement
from harness.reports.charts import Chart, Line, draw
from harness.reports.html import Page, Section, fragment, render

# What the table shows: key, name, unit.
FIGURES = (
    ("sent", "visits", ""), ("accepted", "accepted", ""), ("refused", "refused", ""), ("unanswered", "unanswered", ""),
    ("settled", "settled", ""), ("payments_per_s", "settled a second", "/s"), ("lost", "lost", ""),
    ("credited_twice", "credited twice", ""), ("mismatched", "mismatched", ""), ("latency_ms", "latency", "ms"),
    ("params_ms", "something to pay with", "ms"), ("settle_ms", "paid to committed", "ms"), ("push_ms", "pushed", "ms"),
    ("generator_lag_ms", "the generator's own lateness", "ms"), ("cpu_s", "processor time", "s"),
    ("rsa_sign_per_s", "RSA signatures, all cores", "/s"), ("rsa_bound_per_s", "RSA bound", "/s"),
    ("bound_ratio", "ratio to the RSA bound", ""), ("sign_share", "share of signing", ""),
    ("durability", "durability", ""), ("spike", "spike", ""), ("limited_by", "pace set by", ""),
)  # fmt: skip
BEFORE = " before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A load run as its folder holds it."""

    summary: Mapping[str, Any]
    series: Mapping[str, Any]
    name: str = ""


def page_of(run: Run, judgement: Judgement, *, before: Run | None = None) -> str:
    """
    The whole file.
    """
    said = run.summary
    facts = {name: str(said[name]) for name in ("shape", "rate", "duration_s", "generator", "seed")}
    facts["channels"] = ", ".join(f"{name} {share}" for name, share in said["channel_mix"].items())
    if before is not None:
        facts["compared with"] = before.name
    page = Page(
        title=f"payproof load {said['shape']}",
        verdict=judgement.verdict,
        lead="; ".join(judgement.reasons),
        facts=facts,
        sections=[
            Section("Throughput", _charts(_throughput(run, before)), "throughput", "by second of the intended start"),
            Section("Latency", _charts(_levels("latency_ms", run, before)), "latency", "from the intended start"),
            Section(
                "Settling",
                _charts(_levels("settle_ms", run, before), _backlog(run, before)),
                "settling",
                "paid to committed, and what was accepted and not yet credited",
            ),
            Section("Processes", _charts(*_processes(run, before)), "processes", "one is one core"),
            Section("Figures", fragment("load_figures.html", rows=_rows(run, before), before=before), "figures"),
            *_findings(judgement),
        ],
    )
    return render(page)


def _findings(judgement: Judgement) -> Sequence[Section]:
    if not judgement.findings:
        return ()
    return (Section("Findings", fragment("load_findings.html", findings=judgement.findings), "findings"),)


def _charts(*charts: Chart) -> Markup:
    return Markup("\n").join(Markup('<div class="wide">{}</div>').format(draw(chart)) for chart in charts)


def _throughput(run: Run, before: Run | None) -> Chart:
    names = ["wanted", "accepted", "refused", "unanswered"]
    if not run.series["wanted"]:
        names.remove("wanted")
    return Chart(
        title="visits a second", unit="/s", lines=_lines(names, run.series, None if before is None else before.series)
    )


def _backlog(run: Run, before: Run | None) -> Chart:
    earlier = None if before is None else before.series
    return Chart(title="payments", unit="", lines=_lines(["backlog"], run.series, earlier), height=200)


def _levels(key: str, run: Run, before: Run | None) -> Chart:
    earlier = None if before is None else before.series[key]
    names = ["p50", "p99", "max"] if before is None else ["p50", "p99"]
    return Chart(title=key, unit="ms", log=True, lines=_lines(names, run.series[key], earlier))


def _processes(run: Run, before: Run | None) -> tuple[Chart, Chart]:
    cores, earlier = run.series["cores"], None if before is None else before.series["cores"]
    memory = run.series["memory_mb"]
    return (
        Chart(title="processor time", unit="cores", lines=_lines(list(cores), cores, earlier)),
        Chart(title="memory", unit="MB", lines=_lines(list(memory), memory, None), height=200),
    )


def _lines(names: Sequence[str], points: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> list[Line]:
    """
    One colour for each name; the earlier run's is drawn thin beside it.
    """
    lines = [Line(name, points[name], style=number) for number, name in enumerate(names)]
    for number, name in enumerate(names if earlier is not None else ()):
        if earlier is not None and earlier.get(name):
            lines.append(Line(name + BEFORE, earlier[name], style=number, faint=True))
    return lines


def _rows(run: Run, before: Run | None) -> list[tuple[str, str, str, str]]:
    """
    (name, value, the earlier value, how they compare) of everything that was measured in either run.
    """
    rows = []
    for key, name, unit in FIGURES:
        now, then = _parts(run.summary.get(key)), _parts(before.summary.get(key) if before is not None else None)
        for part in dict.fromkeys((*now, *then)):
            value, earlier = now.get(part), then.get(part)
            if value is not None or earlier is not None:
                told = f"{name} {part}".strip()
                rows.append((told, _told(value, unit), _told(earlier, unit), _apart(value, earlier)))
    return rows


def _parts(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"": value}


def _told(value: Any, unit: str) -> str:
    if value is None:
        return "-"
    shown = f"{value:,.4g}" if isinstance(value, float) and abs(value) < 10_000 else f"{value}"
    return f"{shown} {unit}".strip()


def _apart(now: Any, then: Any) -> str:
    if not isinstance(now, int | float) or not isinstance(then, int | float) or not then:
        return ""
    return f"{now / then - 1:+.0%}"
