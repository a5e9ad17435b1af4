"""
`payproof check`: the catalogue against a gateway, a line for each requirement and channel, and one verdict.

The reference gateway is tried in process, on virtual time, its cases spread over the machine's cores.
"""

import asyncio
import dataclasses
import difflib
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harness.cases import Case
from harness.catalog import BY_ID
from harness.commands.rehearsal import rehearse
from harness.commands.session import Session, open_session, write_page
from harness.commands.stranger import Outside, Stranger, full_word, load_stranger, open_stranger
from harness.errands import Errand, run_errands
from harness.errors import ConfigError, GatewaySilentError
from harness.events import Progressed, Resulted, RunEnded, RunStarted
from harness.grid import Grid
from harness.history import History
from harness.known import Entry, Outcome, load_known, ruled
from harness.reports.check_page import CheckReport, check_page
from harness.reports.grid_section import grid_section
from harness.reports.junit import write_junit
from harness.script.loader import library
from harness.settings import HarnessSettings
from harness.sut.driver.schema import DriverFile
from harness.sut.reference import ReferenceGateway
from harness.trial import (
    Can,
    Played,
    Result,
    Tally,
    cases_for,
    chosen,
    missing,
    play,
    results,
    silent,
    verdict_of,
    wire_file,
)
from harness.verdict import Verdict, exit_code
from harness.words import Words
from harness.world.external import ExternalWorld

REFERENCE = "reference"
COUNTED = (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NON_STRICT, Verdict.NOT_RUN, Verdict.KNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlan:
    """
    Args:
        prefixes: which requirements; all of them when empty.
        gateway: "reference", a driver's file, or `pkg.mod:Driver`.
        allowed_hosts: where a gateway may be, besides this machine.
        patience_s: how long the dust may take to settle after a case; the driver's own word when None.
        junit: where the results go for a CI server.
        html: where the report goes, besides the run folder.
        known: the list of known failures.
        channel, case: only over this channel, only by this case; empty for all.
    """

    prefixes: tuple[str, ...] = ()
    gateway: str = REFERENCE
    seed: int = 1
    as_json: bool = False
    allowed_hosts: tuple[str, ...] = ()
    patience_s: float | None = None
    junit: Path | None = None
    html: Path | None = None
    known: Path | None = None
    channel: str = ""
    case: str = ""

    def argv(self, gateway: str) -> tuple[str, ...]:
        """
        The words that ask for this run again.
        """
        hosts = tuple(word for host in self.allowed_hosts for word in ("--allow-host", host))
        patience = () if self.patience_s is None else ("--patience", f"{self.patience_s:g}")
        known = () if self.known is None else ("--known", str(self.known.absolute()))
        only = (("--channel", self.channel), ("--case", self.case))
        flags = (*hosts, *patience, *known, *(word for flag in only if flag[1] for word in flag))
        return ("check", *self.prefixes, "--gateway", gateway, "--seed", str(self.seed), *flags)


def run_check(plan: CheckPlan, *, settings: HarnessSettings) -> int:
    """
    Try the gateway and return the exit code.

    Raises:
        ConfigError: no requirement has such a name, or no such gateway is known.
    """
    requirements = chosen(plan.prefixes)
    if not requirements:
        raise ConfigError(
            f"no requirement begins with {', '.join(plan.prefixes)}", hint="`payproof list requirements` shows them all"
        )
    entries = () if plan.known is None else load_known(plan.known, ids=every_id())
    stranger = load_stranger(plan.gateway)
    given = full_word(plan.gateway)
    with open_session(settings, seed=plan.seed, as_json=plan.as_json, argv=plan.argv(given), gateway=given) as session:
        facts = {"gateway": plan.gateway, "seed": str(plan.seed), "run": str(session.run_dir)}
        session.announce(RunStarted(title="payproof check", facts=facts))
        cases = [case for case in cases_for(requirements) if plan.case in {"", case.name}]
        if stranger is None:
            tally, can = _in_process(plan, cases, session=session)
        else:
            tally, can = asyncio.run(_outside(plan, cases, stranger, session=session))
        found = ruled_results(results(requirements, tally, can), entries, today=session.clock.now().date())
        return _told(plan, found, grid=tally.grid, session=session)


def _channels(plan: CheckPlan, spoken: tuple[str, ...]) -> tuple[str, ...]:
    """
    Those of the gateway's channels that are wanted.

    Raises:
        ConfigError: it does not speak the one that is.
    """
    if not plan.channel:
        return spoken
    if plan.channel not in spoken:
        closest = difflib.get_close_matches(plan.channel, spoken, n=1)
        meant = f"did you mean {closest[0]}?" if closest else f"it speaks {', '.join(spoken)}"
        raise ConfigError(f"{plan.gateway} cannot be paid over {plan.channel}", hint=meant)
    return (plan.channel,)


def ruled_results(found: Sequence[Result], entries: Sequence[Entry], *, today: date) -> list[Result]:
    """
    The results as the list of known failures makes them.
    """
    rulings = ruled([Outcome(it.requirement.id, it.channel, it.verdict) for it in found], entries, today=today)
    return [
        dataclasses.replace(result, verdict=ruling.verdict, reason=ruling.reason) if ruling.reason else result
        for result, ruling in zip(found, rulings, strict=True)
    ]


def every_id() -> set[str]:
    """
    What a list of known failures may name.
    """
    return {*BY_ID, *(name for name, _ in library())}


def _in_process(plan: CheckPlan, cases: Iterable[Case], *, session: Session) -> tuple[Tally, Can]:
    from harness.world.in_process import InProcessWorld  # noqa: PLC0415 - both other rooms come with it

    can = Can(
        abilities=ReferenceGateway.abilities,
        moves=InProcessWorld.moves,
        channels=_channels(plan, ReferenceGateway.channels),
        world=InProcessWorld.name,
    )
    tally = Tally()
    errands = _errands(plan, cases, can=can, session=session)
    for done, (_, played) in enumerate(run_errands(errands), start=1):
        tally.add(played)
        session.announce(Progressed(what="cases", done=done, total=len(errands)))
    return tally, can


async def _outside(
    plan: CheckPlan, cases: Sequence[Case], stranger: Stranger, *, session: Session
) -> tuple[Tally, Can]:
    """
    A gateway of the user's: one world, case after case, in real time.
    """
    world, settle_s = await open_stranger(
        stranger, gateway=plan.gateway, session=session, allowed_hosts=plan.allowed_hosts
    )
    tally = Tally()
    try:
        gateway = world.gateway
        channels = _channels(plan, gateway.channels)
        lacks = stranger.cannot if isinstance(stranger, DriverFile) else {}
        can = Can(abilities=gateway.abilities, moves=world.moves, channels=channels, world=world.name, lacks=lacks)
        able = [
            (case, channel)
            for channel in can.channels
            for case in cases
            if channel in case.channels and not missing(case, can.over(channel))
        ]
        patience_s = plan.patience_s if plan.patience_s is not None else settle_s
        if isinstance(world, ExternalWorld):
            await rehearse(world, patience_s=patience_s, note=session.note)
        for done, (case, channel) in enumerate(able, start=1):
            tally.add(await _play_outside(case, channel, world, plan=plan, patience_s=patience_s, session=session))
            session.announce(Progressed(what="cases", done=done, total=len(able)))
    finally:
        await world.close()
    return tally, can


async def _play_outside(
    case: Case, channel: str, world: Outside, *, plan: CheckPlan, patience_s: float, session: Session
) -> Played:
    folder = session.run_dir / "cases" / channel
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    history = History(session.clock, file=folder / f"{case.name}.ndjson")
    replay = f"payproof check {{id}} --gateway {plan.gateway} --seed {plan.seed}"
    await world.control.put_faults([])
    world.control.leave_behind()
    try:
        wire = wire_file(folder / f"{case.name}.ndjson")
        return await play(case, channel, world, history=history, patience_s=patience_s, replay=replay, wire=wire)
    except GatewaySilentError as problem:
        return silent(case, channel, problem)
    finally:
        history.close()


def _told(plan: CheckPlan, found: Sequence[Result], *, grid: Grid, session: Session) -> int:
    for result in found:
        session.announce(Resulted(result=result))
    verdict = verdict_of(found)
    summary: Mapping[str, Any] = {
        "verdict": verdict.value,
        "gateway": plan.gateway,
        "seed": plan.seed,
        "counts": {name.value: sum(result.verdict is name for result in found) for name in COUNTED},
        "results": [dict(result.to_json()) for result in found],
    }
    session.keep("summary.json", summary)
    session.keep("findings.json", [_finding(result) for result in found if result.finding is not None])
    if plan.junit is not None:
        write_junit(plan.junit, found, seed=plan.seed, gateway=plan.gateway)
    _keep_page(plan, found, verdict, grid=grid, session=session)
    session.say(f"report {session.run_dir / 'report.html'}")
    session.announce(RunEnded(verdict=verdict, summary=summary, shown=("counts",)))
    return exit_code(verdict)


def _finding(result: Result) -> dict[str, Any]:
    """
    A finding with what plays it again.
    """
    assert result.finding is not None
    return {**result.finding.to_json(), "channel": result.channel, "case": result.case}


def _keep_page(plan: CheckPlan, found: Sequence[Result], verdict: Verdict, *, grid: Grid, session: Session) -> None:
    words = Words(session.settings.lang)
    told = {words.say("gateway"): plan.gateway, words.say("world"): found[0].world if found else ""}
    facts = session.page_facts(told, words)
    again = shlex.join(("payproof", *plan.argv(plan.gateway)))
    more = (grid_section(grid, words=words),)
    report = CheckReport(verdict=verdict, results=found, facts=facts, run_dir=session.run_dir, again=again, more=more)
    page = check_page(report, words=words)
    session.keep_page("report.html", page)
    if plan.html is not None:
        write_page(plan.html, page, flag="--html")


def _errands(plan: CheckPlan, cases: Iterable[Case], *, can: Can, session: Session) -> list[Errand]:
    folder = session.run_dir / "cases"
    errands = []
    for channel in can.channels:
        (folder / channel).mkdir(parents=True, exist_ok=True)
        errands += [
            Errand(
                case=case.name,
                channel=channel,
                seed=plan.seed,
                credentials=session.home.credentials,
                history=folder / channel / f"{case.name}.ndjson",
            )
            for case in cases
            if channel in case.channels and not missing(case, can)
        ]
    return errands
