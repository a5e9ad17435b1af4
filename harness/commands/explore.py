"""
`payproof explore`: stories that nobody wrote, until one breaks the gateway; told as shortly as it can be.

The reference gateway is explored in process, on virtual time; a gateway of the user's in real time, story after story
in one world. It refuses to know how a story is thought of, and how it is lived.
"""

import asyncio
import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from harness.channels import CHANNELS, PROVIDED
from harness.commands.session import Session, open_session
from harness.errands import be_silent
from harness.errors import ConfigError
from harness.events import Progressed, RunEnded, RunStarted, Said, Tabled
from harness.gallery import MUTANTS
from harness.grid import Grid, State
from harness.ids import Ids
from harness.machines.again import live_again
from harness.machines.explorer import Ground, Lived
from harness.machines.grounds import InProcessGround, OutsideGround
from harness.machines.hunt import Hunted, HuntPlan, hunt
from harness.machines.moves import Story
from harness.machines.tale import sentences, to_python, to_yaml
from harness.playing import GALLERY, known_gateway
from harness.reports.grid_section import grid_section
from harness.reports.html import Section, fragment
from harness.reports.run_page import RunReport, run_page
from harness.settings import HarnessSettings
from harness.sut.driver.schema import DriverFile
from harness.sut.drivers import imported, load_driver
from harness.verdict import Finding, Verdict, exit_code
from harness.words import Words
from harness.world.external import ExternalPlan, ExternalWorld

REFERENCE = "reference"
STORY = "story.json"
SHOWN = ("examples", "steps", "exchanging_steps", "steps_per_s", "paid", "seed")
# Real time is dear: stories around a gateway of the user's are few and short unless it is asked for more.
EXAMPLES, STEPS = 100, 60
OUTSIDE_EXAMPLES, OUTSIDE_STEPS = 10, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorePlan:
    """
    Args:
        gateway: "reference", "gallery:<id>", or a driver's file.
        examples, steps: None for what suits the gateway.
        channels: over what orders are paid; all that the gateway has when empty.
        story: a story that was found before, to be lived once; nothing is thought of then.
    """

    gateway: str = REFERENCE
    examples: int | None = None
    steps: int | None = None
    channels: tuple[str, ...] = ()
    seed: int = 1
    as_json: bool = False
    allowed_hosts: tuple[str, ...] = ()
    story: Path | None = None

    def argv(self, gateway: str) -> tuple[str, ...]:
        """
        The words that ask for this run again.
        """
        words = ["explore", "--gateway", gateway, "--seed", str(self.seed)]
        for flag, value in (("--examples", self.examples), ("--steps", self.steps)):
            words += [] if value is None else [flag, str(value)]
        for flag, values in (("--channel", self.channels), ("--allow-host", self.allowed_hosts)):
            words += [word for value in values for word in (flag, value)]
        words += [] if self.story is None else ["--story", str(self.story.absolute())]
        return tuple(words)


@dataclass(slots=True)
class _Told:
    """What the run has to say."""

    hunted: Hunted
    grid: Grid = field(default_factory=Grid)


def run_explore(plan: ExplorePlan, *, settings: HarnessSettings) -> int:
    """
    Explore the gateway and return the exit code.

    Raises:
        ConfigError: no such channel or story, or no such gateway is known.
    """
    known_gateway(plan.gateway)
    ours = plan.gateway == REFERENCE or plan.gateway.startswith(GALLERY)
    stranger = None if ours else load_driver(Path(plan.gateway))
    be_silent()
    _refuse_unknown(plan, stranger)
    story = None if plan.story is None else read_story(plan.story)
    given = plan.gateway if stranger is None else str(Path(plan.gateway).absolute())
    with open_session(settings, seed=plan.seed, as_json=plan.as_json, argv=plan.argv(given), gateway=given) as session:
        facts = {"gateway": plan.gateway, "seed": str(plan.seed), "run": str(session.run_dir)}
        session.announce(RunStarted(title="payproof explore", facts=facts))
        with _ground(plan, stranger, session=session) as ground:
            told = _explored(plan, ground, session=session) if story is None else _again(story, ground)
        return _end(plan, told, ground.channels, session=session)


def read_story(file: Path) -> Story:
    """
    A story out of a run folder.

    Raises:
        ConfigError: it is none.
    """
    try:
        return Story.from_json(orjson.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{file} holds no story", hint=f"name the {STORY} of an explore run's folder") from error


def _refuse_unknown(plan: ExplorePlan, stranger: DriverFile | None) -> None:
    known = PROVIDED if stranger is None else tuple(stranger.channels)
    for channel in plan.channels:
        if channel not in known:
            has = "no channel is called" if channel not in CHANNELS else "the gateway is not paid over"
            raise ConfigError(f"{has} {channel}", hint=f"known are {', '.join(known)}")


@contextlib.contextmanager
def _ground(plan: ExplorePlan, stranger: DriverFile | None, *, session: Session) -> Iterator[Ground]:
    if stranger is None:
        channels = plan.channels or PROVIDED
        mutant = MUTANTS.get(plan.gateway.removeprefix(GALLERY))
        parts = dict if mutant is None else mutant.parts
        yield InProcessGround(session.home.credentials, seed=plan.seed, channels=channels, parts=parts)
        return
    with asyncio.Runner() as runner:
        world = runner.run(_outside(plan, stranger, session=session))
        try:
            yield OutsideGround(runner, world, channels=plan.channels, patience_s=stranger.settle_s)
        finally:
            runner.run(world.close())


async def _outside(plan: ExplorePlan, driver: DriverFile, *, session: Session) -> ExternalWorld:
    return await ExternalWorld.open(
        ExternalPlan(
            home=session.home,
            run_dir=session.run_dir,
            ids=Ids(plan.seed),
            driver=driver,
            folder=Path(plan.gateway).parent.absolute(),
            sign=None if driver.signing is None else imported(driver.signing, folder=Path(plan.gateway).parent),
            allowed_hosts=frozenset(plan.allowed_hosts),
        ),
        clock=session.clock,
    )


def _explored(plan: ExplorePlan, ground: Ground, *, session: Session) -> _Told:
    outside = isinstance(ground, OutsideGround)
    examples = plan.examples or (OUTSIDE_EXAMPLES if outside else EXAMPLES)
    steps = plan.steps or (OUTSIDE_STEPS if outside else STEPS)
    told = _Told(Hunted())

    def tell(lived: Lived) -> None:
        told.grid.add(lived.history)
        done.append(lived.steps)
        session.announce(Progressed(what="stories", done=min(len(done), examples), total=examples))

    done: list[int] = []
    # In real time nothing is twice the same, so a story is told as it was met.
    wanted = HuntPlan(seed=plan.seed, examples=examples, steps=steps, shrinks=not outside)
    told.hunted = hunt(ground, wanted, tell=tell)
    return told


def _again(story: Story, ground: Ground) -> _Told:
    lived = live_again(story, ground)
    told = _Told(Hunted())
    told.hunted.add(lived)
    told.grid.add(lived.history)
    return told


def _end(plan: ExplorePlan, told: _Told, channels: Sequence[str], *, session: Session) -> int:
    hunted = told.hunted
    findings: tuple[Finding, ...] = ()
    if hunted.found is not None:
        again = f"payproof explore --gateway {plan.gateway} --story {session.run_dir / STORY}"
        findings = tuple(replace(one, seed=plan.seed, replay=again) for one in hunted.found.findings)
        _keep(hunted, findings, session=session)
    verdict = _verdict(hunted, findings)
    summary: Mapping[str, Any] = {
        "verdict": verdict.value,
        "gateway": plan.gateway,
        "seed": plan.seed,
        "examples": hunted.examples,
        "steps": hunted.steps,
        "exchanging_steps": hunted.exchanging,
        "thorough_examples": hunted.thorough,
        "steps_per_s": round(hunted.steps_per_s, 1),
        "cpu_ms_per_step": round(1000 * hunted.cpu_s / hunted.steps, 3) if hunted.steps else 0.0,
        "paid": hunted.paid,
        "channels": list(channels),
        "moves": dict(hunted.moves.most_common()),
        "grid": told.grid.to_json(),
        "findings": [dict(finding.to_json()) for finding in findings],
    }
    session.keep("summary.json", summary)
    session.keep("findings.json", [dict(finding.to_json()) for finding in findings])
    _tell_grid(told.grid, session=session)
    session.keep_page("report.html", _page(plan, told, summary, findings=findings, session=session))
    session.announce(Said(text=f"report {session.run_dir / 'report.html'}"))
    session.announce(RunEnded(verdict=verdict, summary=summary, shown=SHOWN, reasons=_reasons(hunted)))
    return exit_code(verdict)


def _page(
    plan: ExplorePlan, told: _Told, summary: Mapping[str, Any], *, findings: Sequence[Finding], session: Session
) -> str:
    words = Words(session.settings.lang)
    facts = session.page_facts({words.say("gateway"): plan.gateway}, words)
    report = RunReport(
        title="payproof explore",
        verdict=Verdict(summary["verdict"]),
        facts=facts,
        figures={name: summary[name] for name in SHOWN},
        findings=findings,
        run_dir=session.run_dir,
        again=shlex.join(("payproof", *plan.argv(plan.gateway))),
        reasons=_reasons(told.hunted),
        more=(*_story(told.hunted, words), grid_section(told.grid, words=words)),
    )
    return run_page(report, words=words)


def _story(hunted: Hunted, words: Words) -> tuple[Section, ...]:
    if hunted.found is None:
        return ()
    body = fragment("story.html", sentences=sentences(hunted.found.story))
    return (Section(words.say("The story that broke it"), body, "story"),)


def _verdict(hunted: Hunted, findings: Sequence[Finding]) -> Verdict:
    if findings:
        return Verdict.FAIL if any(finding.verdict is Verdict.FAIL for finding in findings) else Verdict.NON_STRICT
    return Verdict.UNKNOWN if _reasons(hunted) else Verdict.PASS


def _reasons(hunted: Hunted) -> tuple[str, ...]:
    """
    Why no find means nothing.
    """
    reasons = [f"the gateway fell silent: {hunted.silent}"] if hunted.silent else []
    if not hunted.paid:
        reasons.append("no payment succeeded, so nothing was put to the test")
    if hunted.unsettled:
        reasons.append(f"after {hunted.unsettled} stories the dust did not settle")
    return tuple(reasons)


def _keep(hunted: Hunted, findings: Sequence[Finding], *, session: Session) -> None:
    """
    The story into the run folder, four ways, and to people's eyes.
    """
    found = hunted.found
    assert found is not None
    session.keep(STORY, {**found.story.to_json(), "hypothesis": hunted.blob})
    told = sentences(found.story)
    for name, text in (
        ("story.txt", "\n".join(told) + "\n"),
        ("story.yaml", to_yaml(found.story, findings)),
        ("story.py", to_python(found.story)),
    ):
        (session.run_dir / name).write_text(text, encoding="utf-8")
    # The history of the one story that counts; of the others nothing is kept.
    lines = (orjson.dumps(line.to_json()) + b"\n" for line in found.history)
    (session.run_dir / "history.ndjson").write_bytes(b"".join(lines))
    session.announce(Said(text="The story that broke it:"))
    for number, sentence in enumerate(told, start=1):
        session.announce(Said(text=f"  {number}. {sentence}"))
    for finding in findings:
        session.announce(Said(text=f"  {finding.id}: {finding.sentence}"))
    if hunted.unsteady:
        session.note("told again, the story went well: it is told as it was met, and may need several tries")
    session.announce(Said(text=f"As a scenario and as Python: {session.run_dir}/story.yaml, story.py"))


def _tell_grid(grid: Grid, *, session: Session) -> None:
    session.announce(Tabled(columns=("met", *(state.value for state in State)), rows=tuple(grid.rows())))
    for state, fault in grid.missing:
        session.note(f"no story reached {state} x {fault}")
