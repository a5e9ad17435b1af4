"""
`payproof chaos`: scenarios by file or id, with one seed or many, each in a world of its own, one verdict for all.

Every file is read before anything starts, so that a misspelt key costs no time. It refuses to know how a story is
told; `harness/script` and `harness/playing` do.
"""

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import typer

from harness.commands.chaos_runs import played_many, played_one
from harness.commands.session import Session, open_session
from harness.errors import ConfigError
from harness.events import Said
from harness.known import Entry, Outcome, load_known, ruled
from harness.playing import REFERENCE, Play, Told, known_gateway
from harness.script.loader import find, library, load, load_profile
from harness.script.minimise import minimise, written
from harness.script.schema import Scenario
from harness.settings import HarnessSettings
from harness.verdict import Verdict, exit_code, merge

# How many seeds are tried before a search for a failing one is given up.
UNTIL_FAIL = 100
# With more plays than this, people are told of those only that did not pass.
TOLD_IN_FULL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosPlan:
    """
    Args:
        names: files, ids, or last parts of ids; all of the library when *all*.
        gateway: `reference`, `gallery:<id>`, or a driver's file.
        seed: the first; the scenario's own by default.
        seeds: how many in a row.
        until_fail: stop at the first seed that fails.
        minimise: make what failed first smaller, as long as it fails.
        plan: faults as an earlier run drew them.
        known: the list of known failures.
        allowed_hosts: where a gateway may be, besides this machine.
    """

    names: tuple[str, ...] = ()
    all: bool = False
    gateway: str = REFERENCE
    seed: int | None = None
    seeds: int = 1
    until_fail: bool = False
    minimise: bool = False
    plan: Path | None = None
    known: Path | None = None
    as_json: bool = False
    allowed_hosts: tuple[str, ...] = ()

    def argv(self, name: str, seed: int) -> tuple[str, ...]:
        """
        The words that ask for one play of this run again.
        """
        own = Path(self.gateway)
        gateway = str(own.absolute()) if own.suffix in {".yaml", ".yml"} else self.gateway
        words = ["chaos", name, "--seed", str(seed)]
        if gateway != REFERENCE:
            words += ["--gateway", gateway]
        if self.plan is not None:
            words += ["--plan", str(self.plan.absolute())]
        return (*words, *(word for host in self.allowed_hosts for word in ("--allow-host", host)))


async def run_chaos(plan: ChaosPlan, *, settings: HarnessSettings) -> int:
    """
    Play them; the exit code is the worst verdict's.

    As JSON one play is its own object, several are `{"verdict": …, "scenarios": […]}`.

    Raises:
        ScenarioError: a file is wrong; nothing was started.
        ConfigError: nothing was asked for, or no such gateway.
    """
    files = _files(plan)
    ids = {name for name, _ in library()} | {scenario.id for _, scenario in files}
    entries = () if plan.known is None else load_known(plan.known, ids=ids)
    known_gateway(plan.gateway)
    if plan.plan is not None:
        load_profile(plan.plan)
    plays = [play for name, scenario in files for play in _plays(plan, name, scenario)]
    part = len(plays) > 1
    first = plays[0]
    words = plan.argv(files[0][0], first.seed)
    with open_session(
        settings, seed=first.seed, as_json=plan.as_json, part=part, argv=words, gateway=plan.gateway
    ) as session:
        placed = [_placed(play, session, number if part else 0) for number, play in enumerate(plays, start=1)]
        told = [one async for one in _told(plan, placed, session=session)]
        told = _ruled(told, entries, session=session)
        if plan.minimise:
            await _minimised(told, placed, session=session)
        return _finished(plan, told, session=session, part=part)


def _files(plan: ChaosPlan) -> list[tuple[str, Scenario]]:
    names = [name for name, _ in library()] if plan.all else list(plan.names)
    if not names:
        raise ConfigError("no scenario is named", hint="name one, or --all; `payproof list scenarios` shows them")
    return [(str(Path(name).absolute()) if Path(name).suffix else name, load(find(name))) for name in names]


def _plays(plan: ChaosPlan, name: str, scenario: Scenario) -> list[Play]:
    first = scenario.seed if plan.seed is None else plan.seed
    count = max(plan.seeds, UNTIL_FAIL) if plan.until_fail and plan.seeds == 1 else plan.seeds
    return [
        Play(
            scenario=scenario,
            seed=seed,
            gateway=plan.gateway,
            plan=plan.plan,
            replay=" ".join(("payproof", *plan.argv(name, seed))),
            allowed_hosts=frozenset(plan.allowed_hosts),
        )
        for seed in range(first, first + count)
    ]


def _placed(play: Play, session: Session, number: int) -> Play:
    """
    With a folder of its own; the run's own where there is one play only.
    """
    name = play.scenario.id.replace("/", "-")
    folder = session.run_dir / f"{number:03d}-{name}-{play.seed}" if number else session.run_dir
    return dataclasses.replace(play, folder=folder)


async def _told(plan: ChaosPlan, plays: Sequence[Play], *, session: Session) -> AsyncIterator[Told]:
    """
    One after another, where each is told in full or the first failure ends it; else side by side where that can be.
    """
    if len(plays) == 1:
        yield await played_one(plays[0], session=session, announce=session.announce)
        return
    failed: set[str] = set()
    if plan.until_fail:
        for play in plays:
            if play.scenario.id not in failed:
                told = await played_one(play, session=session)
                _say(told, session=session, full=False)
                yield told
                failed |= {play.scenario.id} if told.result.verdict is Verdict.FAIL else set()
        return
    async for told in played_many(plays, session=session):
        _say(told, session=session, full=len(plays) <= TOLD_IN_FULL)
        yield told


def _say(told: Told, *, session: Session, full: bool) -> None:
    result = told.result
    if full or result.verdict in {Verdict.FAIL, Verdict.UNKNOWN}:
        for event in told.events:
            session.announce(event)
    words = f"  {result.verdict.value:<8} {result.scenario.id:<44} seed {result.seed:<6} {told.elapsed_s:6.1f} s"
    session.announce(Said(text="  ".join((words, *result.reasons[:1]))))


def _ruled(told: Sequence[Told], entries: Sequence[Entry], *, session: Session) -> list[Told]:
    """
    The results as the list of known failures makes them.
    """
    outcomes = [Outcome(one.result.scenario.id, "", one.result.verdict) for one in told]
    rulings = ruled(outcomes, entries, today=session.clock.now().date())
    found = []
    for one, ruling in zip(told, rulings, strict=True):
        if ruling.reason:
            reasons = (*one.result.reasons, ruling.reason)
            result = dataclasses.replace(one.result, verdict=ruling.verdict, reasons=reasons)
            found.append(dataclasses.replace(one, result=result))
        else:
            found.append(one)
    return found


async def _minimised(told: Sequence[Told], plays: Sequence[Play], *, session: Session) -> None:
    """
    Of the first that failed, a smaller story that fails too, as a file in its run folder.
    """
    broken = next((one.result for one in told if one.result.verdict is Verdict.FAIL), None)
    if broken is None:
        session.say("nothing failed, so there is nothing to make smaller")
        return
    play = next(it for it in plays if (it.scenario.id, it.seed) == (broken.scenario.id, broken.seed))
    loop = asyncio.get_running_loop()

    def fails(scenario: Scenario) -> bool:
        trial = dataclasses.replace(play, scenario=scenario, folder=None)
        asked = asyncio.run_coroutine_threadsafe(played_one(trial, session=session), loop)
        return asked.result().result.verdict is Verdict.FAIL

    small = await asyncio.to_thread(minimise, broken.scenario, fails)
    file = (play.folder or session.run_dir) / "minimal.yaml"
    remark = f"fails with: payproof chaos minimal.yaml --seed {play.seed} --gateway {play.gateway}"
    await asyncio.to_thread(file.write_text, written(small, remark=remark), encoding="utf-8")
    session.say(f"a smaller story that fails: {file}")


def _finished(plan: ChaosPlan, told: Sequence[Told], *, session: Session, part: bool) -> int:
    verdict = merge(one.result.verdict for one in told)
    if not part:
        return exit_code(verdict)
    counts = Counter(one.result.verdict.value for one in told)
    rows = [dict(one.result.to_json()) | {"elapsed_s": round(one.elapsed_s, 3)} for one in told]
    summary = {"verdict": verdict.value, "gateway": plan.gateway, "counts": dict(counts), "scenarios": rows}
    session.keep("summary.json", summary)
    session.keep("findings.json", [dict(found.to_json()) for one in told for found in one.result.findings])
    session.say(f"{len(told)} plays: {', '.join(f'{count} {name}' for name, count in sorted(counts.items()))}")
    if plan.as_json:
        typer.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    return exit_code(verdict)
