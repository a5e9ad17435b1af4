"""
A trial: the catalogue against one gateway, case after case; one result for each requirement and channel.

It decides what is played and puts judgements together; how a world is made and a result is shown it refuses to know.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from harness.cases import CASES, COVERING, Case
from harness.cases.stage import Stage
from harness.catalog import REQUIREMENTS, Requirement
from harness.checks import CHECKS, Judgement
from harness.errors import HarnessError
from harness.gather import audit_world, settle_world
from harness.grid import Grid
from harness.history import History
from harness.sut.contract import Ability
from harness.verdict import Finding, Verdict, merge
from harness.world.base import Move, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """
    How one requirement ended over one channel.

    Args:
        reason: why it is UNKNOWN or NOT_RUN.
        case: the case that decided it.
        finding: what was found, where it failed.
    """

    requirement: Requirement
    channel: str
    world: str
    verdict: Verdict
    witnessed: int = 0
    reason: str = ""
    case: str = ""
    finding: Finding | None = None

    def to_json(self) -> Mapping[str, Any]:
        """
        The row of `payproof check --json`.
        """
        found = self.finding
        return {
            "id": self.requirement.id,
            "level": self.requirement.level.value,
            "channel": self.channel,
            "world": self.world,
            "verdict": self.verdict.value,
            "expected": self.requirement.text if found is None else found.expected,
            "actual": self.reason if found is None else found.sentence,
            "evidence": {
                "case": self.case,
                "lines": [] if found is None else list(found.evidence),
                "witnessed": self.witnessed,
            },
            "replay": "" if found is None else found.replay,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """
    What a gateway, its driver and its world are able to do.

    Args:
        lacks: what the gateway cannot do over a channel, though it can over others.
    """

    abilities: frozenset[Ability]
    moves: frozenset[Move]
    channels: tuple[str, ...]
    world: str
    lacks: Mapping[str, frozenset[Ability]] = field(default_factory=dict)

    def over(self, channel: str) -> "Can":
        """
        What it can do over one channel.
        """
        return replace(self, abilities=self.abilities - self.lacks.get(channel, frozenset()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a case left behind; plain data, so that another process can hand it over."""

    case: str
    channel: str
    judgements: tuple[Judgement, ...]
    grid: Grid = field(default_factory=Grid)


@dataclass(slots=True)
class Tally:
    """What the cases played so far say of each requirement and channel, and which states met which faults in them."""

    said: dict[tuple[str, str], list[tuple[str, Judgement]]] = field(default_factory=dict)
    grid: Grid = field(default_factory=Grid)

    def add(self, played: Played) -> None:
        self.grid.cells.update(played.grid.cells)
        for judged in played.judgements:
            self.said.setdefault((judged.requirement, played.channel), []).append((played.case, judged))


def chosen(prefixes: Sequence[str]) -> tuple[Requirement, ...]:
    """
    The requirements whose id begins with one of *prefixes*; all of them without any.
    """
    return tuple(rule for rule in REQUIREMENTS if not prefixes or any(rule.id.startswith(one) for one in prefixes))


def cases_for(requirements: Iterable[Requirement]) -> tuple[Case, ...]:
    """
    The cases that put these requirements to the test, in their usual order.
    """
    wanted = {case.name for rule in requirements for case in COVERING.get(rule.id, ())}
    return tuple(case for case in CASES if case.name in wanted)


def missing(case: Case, can: Can) -> str:
    """
    What the gateway or its world lacks for a case, in words; empty when nothing.
    """
    lacking = sorted(case.needs - can.abilities)
    if lacking:
        return f"the driver cannot {', '.join(lacking)}"
    unable = sorted(case.moves - can.moves)
    return f"the world cannot {', '.join(unable)}" if unable else ""


def wire_file(history: Path) -> Path:
    """
    Where the wire lines of a case lie: beside its history.
    """
    return history.with_suffix(".wire.ndjson")


async def play(
    case: Case,
    channel: str,
    world: World,
    *,
    history: History,
    patience_s: float,
    replay: str,
    wire: Path | None = None,
) -> Played:
    """
    Play one case to its end, let the dust settle, read all sides, and judge.

    Args:
        wire: the file that takes the exchanges of a case with findings.
    """
    stage = Stage(world, channel=channel, history=history)
    await case.play(stage)
    settled = await settle_world(world, patience_s=patience_s, ours=stage.ours, history=history)
    await audit_world(
        world,
        ours=stage.ours,
        about=stage.about,
        history=history,
    )
    judgements = [CHECKS[rule.id](history) for rule in REQUIREMENTS if channel in rule.channels]
    signed = [_signed(judged, seed=world.ids.seed, replay=replay) for judged in judgements]
    if wire is not None and any(judged.findings for judged in signed):
        await _keep_wire(wire, stage, history)
    if not settled:
        # Whatever looks right may only not have happened yet.
        signed = [_in_doubt(judged, f"the dust had not settled after {patience_s:g} s") for judged in signed]
    grid = Grid()
    grid.add(history)
    return Played(case=case.name, channel=channel, judgements=tuple(signed), grid=grid)


async def _keep_wire(file: Path, stage: Stage, history: History) -> None:
    numbers = {line.value["number"] for line in history if line.value.get("number")}
    lines = [
        orjson.dumps(exchange.raw)
        async for exchange in stage.world.control.journal()
        if stage.about(exchange.label) or exchange.order in numbers
    ]
    await asyncio.to_thread(file.write_bytes, b"\n".join(lines))


def silent(case: Case, channel: str, problem: HarnessError) -> Played:
    """
    A case that could not be played to its end, because the gateway or a server fell silent.
    """
    reason = f"{case.name} was not played to its end: {problem}"
    return Played(
        case=case.name,
        channel=channel,
        judgements=tuple(
            Judgement(requirement=name, verdict=Verdict.UNKNOWN, witnessed=0, reason=reason) for name in case.covers
        ),
    )


def results(requirements: Iterable[Requirement], tally: Tally, can: Can) -> list[Result]:
    """
    One result for each requirement and channel that it applies to.
    """
    return [
        _result(rule, channel, tally.said.get((rule.id, channel), ()), can=can.over(channel))
        for rule in requirements
        for channel in rule.channels
        if channel in can.channels
    ]


def _result(rule: Requirement, channel: str, said: Sequence[tuple[str, Judgement]], *, can: Can) -> Result:
    lacking = sorted(rule.needs - can.abilities)
    reasons = [f"the driver cannot {', '.join(lacking)}"] if lacking else []
    cases = [case for case in COVERING.get(rule.id, ()) if channel in case.channels]
    reasons += [lack for case in cases if (lack := missing(case, can))]
    broken = [(case, judged) for case, judged in said if judged.findings]
    witnessed = sum(judged.witnessed for _, judged in said)
    bare = Result(requirement=rule, channel=channel, world=can.world, verdict=Verdict.UNKNOWN, witnessed=witnessed)
    if broken:
        case, judged = broken[0]
        return replace(bare, verdict=judged.verdict, case=case, finding=judged.findings[0])
    kept = [case for case, judged in said if judged.verdict is Verdict.PASS]
    own = {case.name for case in cases}
    doubts = [judged.reason for case, judged in said if case in own and judged.verdict is Verdict.UNKNOWN]
    if kept and not any("not settled" in doubt or "not played" in doubt for doubt in doubts):
        return replace(bare, verdict=Verdict.PASS, case=kept[0])
    if lacking or len(reasons) >= max(len(cases), 1):
        return replace(bare, verdict=Verdict.NOT_RUN, reason=reasons[0])
    if rule.moot and doubts and all(doubt.startswith("not put to the test") for doubt in doubts):
        return replace(bare, verdict=Verdict.NOT_RUN, reason=rule.moot)
    return replace(bare, verdict=Verdict.UNKNOWN, reason=(doubts or reasons or ["no case was played"])[0])


def verdict_of(found: Iterable[Result]) -> Verdict:
    """
    The verdict of the whole trial.
    """
    return merge(result.verdict for result in found)


def _signed(judged: Judgement, *, seed: int, replay: str) -> Judgement:
    told = tuple(replace(found, seed=seed, replay=replay.format(id=judged.requirement)) for found in judged.findings)
    return replace(judged, findings=told)


def _in_doubt(judged: Judgement, reason: str) -> Judgement:
    if judged.verdict is not Verdict.PASS:
        return judged
    return replace(judged, verdict=Verdict.UNKNOWN, reason=reason)
