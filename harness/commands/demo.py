"""
`payproof demo`: everything embedded, some payments under a profile, the dust settled, the money audited.

It refuses to say PASS of a run that showed nothing: the audit wants its witnesses here as everywhere.
"""

import asyncio
import dataclasses
import shlex
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from harness.audit import AuditReport
from harness.channels import CHANNELS, PROVIDED
from harness.commands.session import Session, open_session, profile_file, profile_word
from harness.control import Counts
from harness.events import Audited, Progressed, RunEnded, RunStarted, Tabled
from harness.gather import audit_world, settle_world
from harness.judging import with_checks
from harness.reports.run_page import RunReport, run_page
from harness.settings import HarnessSettings
from harness.traffic import Traffic, TrafficPlan
from harness.verdict import exit_code
from harness.words import Words
from harness.world.launch import PythonMain
from harness.world.processes import ProcessesPlan, ProcessesWorld

# How long the dust may take to settle: the gateway's own retries are waited for in real time.
PATIENCE_S = 60.0
SHOWN = (
    "payments",
    "paid",
    "refunded",
    "notifies_sent",
    "notifies_duplicate",
    "notifies_forged",
    "lost",
    "credited_twice",
    "mismatched",
    "payments_per_s",
    "elapsed_s",
)

DEMO_CHANNELS = PROVIDED

# The platform refuses so many webhooks at first, except in fine weather: only then is it seen whether they come again.
WEBHOOKS_REFUSED = 2
CALM = "calm"

# What somebody does to the world while the traffic flows: kill the gateway, say.
Disturb = Callable[[ProcessesWorld], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """
    Args:
        channels: the payments take them in turn.
        gateway: another program than the reference gateway; tests plant their bugs with it.
        disturb: runs beside the traffic.
        patience_s: how long the dust may take to settle.
    """

    payments: int
    seed: int
    profile: str = "flaky"
    channels: tuple[str, ...] = DEMO_CHANNELS
    as_json: bool = False
    gateway: PythonMain | None = None
    gateway_env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    disturb: Disturb | None = None
    patience_s: float = PATIENCE_S

    def argv(self, profile: str) -> tuple[str, ...]:
        """
        The words that ask for this run again.
        """
        return ("demo", "--payments", str(self.payments), "--seed", str(self.seed), "--profile", profile)


async def run_demo(plan: DemoPlan, *, settings: HarnessSettings) -> int:
    """
    Run it and return the exit code; the summary goes to the listeners and into the run folder.
    """
    faults = profile_file(plan.profile)
    profile = profile_word(plan.profile)
    with open_session(
        settings, seed=plan.seed, as_json=plan.as_json, argv=plan.argv(profile), profile=profile
    ) as session:
        facts = {"seed": str(plan.seed), "profile": plan.profile, "run": str(session.run_dir)}
        session.announce(RunStarted(title="payproof demo", facts=facts))
        begun_s = asyncio.get_running_loop().time()
        world_plan = session.plan(faults=faults)
        world_plan = dataclasses.replace(
            world_plan, gateway=plan.gateway or world_plan.gateway, gateway_env=plan.gateway_env
        )
        summary, report = await _play(plan, world_plan, session=session)
        summary["elapsed_s"] = round(asyncio.get_running_loop().time() - begun_s, 2)
        session.keep("findings.json", [dict(finding.to_json()) for finding in report.findings])
        session.keep("summary.json", summary)
        session.keep_page("report.html", _page(plan, report, summary, session=session))
        session.announce(Audited(report=report))
        session.announce(RunEnded(verdict=report.verdict, summary=summary, shown=SHOWN, reasons=report.reasons))
        return exit_code(report.verdict)


def _page(plan: DemoPlan, report: AuditReport, summary: Mapping[str, Any], *, session: Session) -> str:
    words = Words(session.settings.lang)
    facts = session.page_facts({words.say("profile"): plan.profile}, words)
    told = RunReport(
        title="payproof demo",
        verdict=report.verdict,
        facts=facts,
        figures={name: summary[name] for name in SHOWN},
        findings=report.findings,
        run_dir=session.run_dir,
        again=shlex.join(("payproof", *plan.argv(plan.profile))),
        reasons=report.reasons,
    )
    return run_page(told, words=words)


async def _play(plan: DemoPlan, world_plan: ProcessesPlan, *, session: Session) -> tuple[dict[str, Any], AuditReport]:
    begun_s = asyncio.get_running_loop().time()
    world = await ProcessesWorld.open(world_plan, clock=session.clock)
    try:
        up_s = asyncio.get_running_loop().time() - begun_s
        session.say(f"  up in {up_s:.1f} s: {', '.join(world.servers)}")
        elapsed_s = await _traffic(plan, world, session=session)
        doubts = []
        if not await settle_world(world, patience_s=plan.patience_s, history=session.history):
            doubts.append(f"the dust had not settled after {plan.patience_s:g} s")
        replay = shlex.join(("payproof", *plan.argv(plan.profile)))
        report = await audit_world(
            world,
            ours=world.ids.ours,
            history=session.history,
            seed=plan.seed,
            replay=replay,
            doubts=(*doubts, *await _shortfall(plan, world)),
        )
        report = with_checks(report, session.history, seed=plan.seed, replay=replay)
        await _keep_decisions(world, session)
        return _summary(plan, report, counts=await world.control.counts(), elapsed_s=elapsed_s), report
    finally:
        await world.close()


async def _shortfall(plan: DemoPlan, world: ProcessesWorld) -> list[str]:
    """
    In bad weather some buyers go home unserved; where most do, those who stayed show little.
    """
    paid = 0
    async for trade in world.control.trades():
        paid += trade.paid_fen > 0
    return [f"only {paid} of {plan.payments} buyers could pay"] if paid * 2 < plan.payments else []


async def _keep_decisions(world: ProcessesWorld, session: Session) -> None:
    """
    The faults as they were drawn, one line each, so that two runs of a seed can be laid side by side.
    """
    with (session.run_dir / "decisions.ndjson").open("wb") as file:
        async for decision in world.control.decisions():
            if decision.hit:
                file.write(orjson.dumps(dataclasses.asdict(decision)) + b"\n")


async def _traffic(plan: DemoPlan, world: ProcessesWorld, *, session: Session) -> float:
    """
    Returns:
        Seconds from the first buyer to the last buyer's end.
    """
    done: Counter[tuple[str, str]] = Counter()

    def progress(what: str, channel: str) -> None:
        done[what, channel] += 1
        if what in {"paid", "failed"}:
            ended = sum(count for (how, _), count in done.items() if how in {"paid", "failed"})
            session.announce(Progressed(what="payments", done=ended, total=plan.payments))

    wanted = TrafficPlan(payments=plan.payments, channels=plan.channels)
    traffic = Traffic(world, wanted, history=session.history, on_progress=progress)
    if plan.profile != CALM:
        world.sink.refuse_next(WEBHOOKS_REFUSED)
    begun_s = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.run())
        if plan.disturb is not None:
            group.create_task(_disturbed(plan.disturb, world))
    session.announce(_by_channel(plan.channels, done))
    return asyncio.get_running_loop().time() - begun_s


def _by_channel(channels: Sequence[str], done: Mapping[tuple[str, str], int]) -> Tabled:
    """
    What the buyers did, channel by channel; the audit below speaks of all together.
    """
    told = ("opened", "paid", "refund", "failed")
    rows: list[tuple[str | int, ...]] = [
        (CHANNELS[name].title, *(done.get((what, name), 0) for what in told)) for name in channels
    ]
    return Tabled(columns=("channel", "opened", "paid", "refunds", "failed"), rows=tuple(rows))


async def _disturbed(disturb: Disturb, world: ProcessesWorld) -> None:
    await disturb(world)


def _summary(plan: DemoPlan, report: AuditReport, *, counts: Counts, elapsed_s: float) -> dict[str, Any]:
    return {
        "payments": report.payments,
        "paid": report.paid,
        "refunded": report.refunded,
        "notifies_sent": counts.notifies_sent,
        "notifies_duplicate": counts.notifies_duplicate,
        "notifies_forged": counts.notifies_forged,
        "lost": report.lost,
        "credited_twice": report.credited_twice,
        "mismatched": report.mismatched,
        "seed": plan.seed,
        "payments_per_s": round(report.paid / elapsed_s, 1) if elapsed_s > 0 else 0.0,
        "elapsed_s": 0.0,
        "verdict": report.verdict.value,
    }
