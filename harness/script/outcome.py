"""
From a story that was told to a verdict: the audit, the checks it names, and whether it was told at all.

A story in which less happened than it says is UNKNOWN: nothing passes by not happening.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.audit import AuditReport
from harness.checks import Judgement, judge
from harness.control import Counts
from harness.events import Announce, Audited, Judged, RunEnded, RunStarted
from harness.gather import audit_world
from harness.history import History
from harness.script.interpreter import play, unable
from harness.script.schema import Scenario, seconds
from harness.script.stage import Stage
from harness.script.weather import tell_weather
from harness.verdict import Finding, Verdict, merge
from harness.world.base import World

SHOWN = ("payments", "paid", "refunded", "notifies_sent", "notifies_duplicate", "notifies_forged", "lost",
         "credited_twice", "mismatched", "seed")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """How one scenario ended."""

    scenario: Scenario
    verdict: Verdict
    seed: int
    world: str
    gateway: str
    audit: AuditReport | None = None
    counts: Counts | None = None
    judgements: tuple[Judgement, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """
        What the audit and the checks found; one that both found is told once.
        """
        found = () if self.audit is None else self.audit.findings
        known = {(finding.id, finding.order) for finding in found}
        more = (finding for judged in self.judgements for finding in judged.findings)
        return (*found, *(finding for finding in more if (finding.id, finding.order) not in known))

    def to_json(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {
            "scenario": self.scenario.id,
            "verdict": self.verdict.value,
            "seed": self.seed,
            "world": self.world,
            "gateway": self.gateway,
            "reasons": list(self.reasons),
            "findings": [dict(finding.to_json()) for finding in self.findings],
            "requirements": [
                {"id": judged.requirement, "verdict": judged.verdict.value, "witnessed": judged.witnessed}
                for judged in self.judgements
            ],
        }
        if self.audit is not None:
            told |= {key: value for key, value in self.audit.to_json().items() if key not in told}
        if self.counts is not None:
            told |= {
                name: getattr(self.counts, name) for name in ("notifies_sent", "notifies_duplicate", "notifies_forged")
            }
        return told


async def run(
    scenario: Scenario, world: World, *, history: History, announce: Announce, replay: str = "", drawn: bool = False
) -> ScenarioResult:
    """
    Play a scenario and judge it. The seed is that of the world's ids, which may differ from the file's.

    Args:
        drawn: the world has the faults of an earlier run as they were drawn.
    """
    seed = world.ids.seed
    facts = {"seed": str(seed), "world": world.name, "gateway": world.gateway.name}
    announce(RunStarted(title=f"{scenario.id}: {scenario.title}", facts=facts))
    lack = unable(scenario, world)
    if lack:
        result = ScenarioResult(
            scenario=scenario,
            verdict=Verdict.NOT_RUN,
            seed=seed,
            world=world.name,
            gateway=world.gateway.name,
            reasons=(lack,),
        )
    else:
        stage = await play(scenario, world, history=history, announce=announce, drawn=drawn)
        result = await _judged(stage, announce=announce, replay=replay)
    announce(RunEnded(verdict=result.verdict, summary=result.to_json(), shown=SHOWN, reasons=result.reasons))
    return result


async def _judged(stage: Stage, *, announce: Announce, replay: str) -> ScenarioResult:
    scenario, world = stage.scenario, stage.world
    report = await audit_world(
        world,
        ours=world.ids.ours,
        history=stage.history,
        seed=world.ids.seed,
        replay=replay,
        doubts=() if stage.settled else ("patience ran out before the dust had settled",),
    )
    announce(Audited(report=report))
    tell_weather(scenario, stage.history)
    judgements = tuple(judge(stage.history, scenario.requirements))
    for judged in judgements:
        announce(Judged(judgement=judged))
    counts = await world.control.counts()
    short = (*stage.untold, *untold(scenario, report=report, counts=counts))
    late = too_late(scenario, settling_s=stage.settling_s) if stage.settled else ()
    return ScenarioResult(
        scenario=scenario,
        verdict=verdict_of(scenario, report=report, judgements=judgements, untold_parts=short, late=late),
        seed=world.ids.seed,
        world=world.name,
        gateway=world.gateway.name,
        audit=report,
        counts=counts,
        judgements=judgements,
        reasons=(
            *(report.reasons if scenario.expect.audit == "clean" else ()),
            *(f"{judged.requirement}: {judged.reason}" for judged in judgements if judged.reason),
            *short,
            *late,
        ),
    )


def untold(scenario: Scenario, *, report: AuditReport, counts: Counts) -> tuple[str, ...]:
    """
    What the story promised and did not bring about.
    """
    expect = scenario.expect
    wanted = [("paid", expect.paid, report.paid), ("refunded", expect.refunded, report.refunded)]
    found = [f"{name} {got}, the story says {want}" for name, want, got in wanted if want is not None and want != got]
    for name, least in expect.at_least.model_dump(exclude_none=True).items():
        if getattr(counts, name) < least:
            found.append(f"{name} {getattr(counts, name)}, the story needs at least {least}")
    return tuple(found)


def too_late(scenario: Scenario, *, settling_s: float) -> tuple[str, ...]:
    """
    That the dust took longer to settle than the story allows.
    """
    within = scenario.expect.settles_within
    if within is None or settling_s <= seconds(within):
        return ()
    return (f"the dust took {settling_s:.1f} s to settle, the story allows {within}",)


def verdict_of(
    scenario: Scenario,
    *,
    report: AuditReport,
    judgements: Sequence[Judgement],
    untold_parts: Sequence[str] = (),
    late: Sequence[str] = (),
) -> Verdict:
    """
    The audit where it has to be clean, each check that is named, and UNKNOWN for a story that was not told.
    """
    parts = [judged.verdict for judged in judgements]
    if scenario.expect.audit == "clean":
        parts.append(report.verdict)
    by_audit = set(scenario.requirements) - {judged.requirement for judged in judgements}
    parts += [finding.verdict for finding in report.findings if finding.id in by_audit]
    if untold_parts:
        parts.append(Verdict.UNKNOWN)
    if late:
        parts.append(Verdict.FAIL)
    return merge(parts)
