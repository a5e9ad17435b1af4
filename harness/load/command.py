"""
`payproof load`: a shape of traffic against the gateway, buyers who pay, the dust settled, the money audited.

Figures that were not measured are null, never guessed.
"""

import asyncio
import os
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.audit import AuditReport
from harness.commands.session import Session, open_session, profile_file, profile_word
from harness.errors import ConfigError
from harness.events import Audited, RunEnded, RunStarted, StepStarted
from harness.gather import settle_world
from harness.load.books import Books, read_books
from harness.load.driven import run_driven
from harness.load.durability import durability_of
from harness.load.figures import Figures, summary_of
from harness.load.generator import GeneratorRun, join_master, run_light, run_locust
from harness.load.judge import judge
from harness.load.latency import with_latency
from harness.load.limits import limits
from harness.load.meter import Meter
from harness.load.plan import LoadPlan
from harness.load.progress import tell
from harness.load.record import LoadRecord, read_record
from harness.load.report import Run, page_of
from harness.load.series import FILE as SERIES_FILE
from harness.load.series import read_run, series_of
from harness.load.spike import spike_of
from harness.load.thresholds import thresholds_for
from harness.load.worlds import LoadWorld, load_world
from harness.load.yardstick import Yardstick, signed
from harness.settings import LOAD_PREFIX, HarnessSettings, for_load
from harness.sut.reference import MerchantApp
from harness.verdict import exit_code
from harness.world.processes import ProcessesWorld

SHOWN = (
    "shape", "sent", "settled", "payments_per_s", "latency_ms", "params_ms", "settle_ms", "push_ms", "refused",
    "unanswered", "lost", "credited_twice", "mismatched", "spike", "rsa_bound_per_s", "bound_ratio", "sign_share",
    "cpu_s", "limited_by", "elapsed_s",
)  # fmt: skip
# Whose requests, answers and notifies are all signed by RSA.
RSA = frozenset({"alipay", "alipay_v3", "wechatpay_v3", "unionpay_rsa"})
# So long without a webhook, and there are none left.
QUIET_S, LOOK_S = 5.0, 0.5
# A driver signs in its own way.
_NOBODY = MerchantApp(app_id="driver", secret="-")  # noqa: S106 - nobody signs with it


async def run_load(plan: LoadPlan, *, settings: HarnessSettings) -> int:
    """
    Run it and return the exit code; the summary goes to the listeners and into the run folder.
    """
    plan.check()
    if plan.join is not None:
        return await join(plan, host=plan.join)
    thresholds = thresholds_for(plan.shape, file=plan.thresholds)
    before = None if plan.compare is None else earlier_run(plan.compare)
    faults = profile_file(plan.profile)
    plan = replace(plan, profile=profile_word(plan.profile))
    with open_session(settings, seed=plan.seed, as_json=plan.as_json, argv=plan.argv, profile=plan.profile) as session:
        facts = {"rate": f"{plan.rate:g}/s", "duration": f"{plan.lasts_s:g} s", "channels": plan.mix,
                 "seed": str(plan.seed), "profile": plan.profile, "run": str(session.run_dir)}  # fmt: skip
        session.announce(RunStarted(title=f"payproof load {plan.shape}", facts=facts))
        begun_s = asyncio.get_running_loop().time()
        if plan.real_latency:
            faults = with_latency(faults, into=session.run_dir / "faults.json", seed=plan.seed)
        async with load_world(plan, session, faults=faults) as world:
            figures, report, series = await _loaded(plan, world, session=session)
        measured = summary_of(plan, figures, report)
        judgement = judge(plan, figures, report, summary=measured, thresholds=thresholds)
        elapsed_s = asyncio.get_running_loop().time() - begun_s
        summary = summary_of(plan, figures, report, verdict=judgement.verdict, elapsed_s=elapsed_s)
        if (spike := spike_of(plan, figures)) is not None:
            summary["spike"] = spike
        page = page_of(Run(summary=summary, series=series), judgement, before=before)
        await asyncio.to_thread((session.run_dir / "report.html").write_text, page, encoding="utf-8")
        session.keep(SERIES_FILE, series)
        session.keep("summary.json", summary)
        session.keep("findings.json", [dict(finding.to_json()) for finding in judgement.findings])
        session.announce(Audited(report=report))
        session.announce(RunEnded(verdict=judgement.verdict, summary=summary, shown=SHOWN, reasons=judgement.reasons))
        return exit_code(judgement.verdict)


def earlier_run(folder: Path) -> Run:
    """
    What a run is compared with.
    """
    summary, series = read_run(folder)
    return Run(summary=summary, series=series, name=folder.resolve().name)


async def join(plan: LoadPlan, *, host: str) -> int:
    """
    Work for a master elsewhere, which keeps the record and judges.

    Raises:
        ConfigError: nobody said what the master's generators are told.
    """
    values = for_load()
    if "secret" not in values:
        raise ConfigError(
            "what the master's generators are told is not known here",
            hint="put the lines of join.env, out of the master's run folder, into the environment",
        )
    with tempfile.TemporaryDirectory(prefix="payproof-join-") as folder:
        log = Path(folder) / "worker.log"
        run = GeneratorRun(url="", values=values, duration_s=plan.lasts_s, log_file=log)
        await join_master(host, run)
    return 0


async def _loaded(plan: LoadPlan, world: LoadWorld, *, session: Session) -> tuple[Figures, AuditReport, dict[str, Any]]:
    # The generator works in another folder than we do.
    folder = await asyncio.to_thread(session.run_dir.resolve)
    session.announce(StepStarted(number=1, total=3, text="load"))
    before = await signed()
    traffic = await _traffic(plan, world, folder=folder, session=session)
    record = traffic.record
    text = f"settle: {record.opened.started} sent, {record.opened.accepted} accepted"
    session.announce(StepStarted(number=2, total=3, text=text))
    settled = await settle_world(world, patience_s=plan.patience_s)
    if not isinstance(world, ProcessesWorld):
        await _heard_out(world)
    after = await signed()
    session.announce(StepStarted(number=3, total=3, text="audit"))
    doubts = [] if settled else [f"the dust had not settled after {plan.patience_s:g} s"]
    books, report = await read_books(
        world,
        accepted=record.accepted,
        began_at=record.began_at,
        seed=plan.seed,
        replay=f"payproof {shlex.join(plan.argv)}",
        doubts=doubts,
    )
    yardstick = Yardstick(before=before, after=after)
    figures = traffic.figures(books, yardstick=yardstick, durability=await _durability(world), channels=plan.channels)
    return figures, report, series_of(plan, figures, traffic.meter.readings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """
    What the load itself left.

    Args:
        over_at_s: when the last generator had ended (seconds since the epoch).
    """

    record: LoadRecord
    meter: Meter
    over_at_s: float

    def figures(
        self, books: Books, *, yardstick: Yardstick, durability: Mapping[str, str] | None, channels: Iterable[str]
    ) -> Figures:
        began_s = self.record.began_at.timestamp()
        lag, readings = self.record.opened.lag, self.meter.readings
        return Figures(
            record=self.record,
            books=books,
            cpu_s=self.meter.spent_s(since_s=began_s),
            limits=limits(readings, lag=lag, since_s=began_s, until_s=self.over_at_s),
            yardstick=yardstick,
            durability=durability,
            rsa=RSA.issuperset(channels),
        )


async def _traffic(plan: LoadPlan, world: LoadWorld, *, folder: Path, session: Session) -> Traffic:
    """
    The generator, watched; the providers' own crowd pays what it opens.
    """
    pids: list[int] = []
    meter = Meter(
        lambda: {**world.pids(), "generator": pids, "harness": [os.getpid()]},
        clock=world.clock,
        file=folder / "processes.ndjson",
    )
    watched = asyncio.Event()
    run = GeneratorRun(
        url=world.gateway.url if isinstance(world, ProcessesWorld) else "",
        values=_values(plan, world, record_file=folder / "load.ndjson"),
        duration_s=plan.lasts_s,
        log_file=folder / "generator.log",
        workers=plan.workers,
        web=plan.web,
        master=plan.master,
        on_start=pids.append,
    )
    if plan.master:
        told = {f"{LOAD_PREFIX}{name.upper()}": value for name, value in run.values.items()}
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in told.items())
        await asyncio.to_thread(_secret_file(folder / "join.env").write_text, lines)
        session.say(f"    {plan.workers} workers are waited for; what they are told stands in {folder / 'join.env'}")
    async with asyncio.TaskGroup() as group:
        group.create_task(meter.watch(watched))
        telling = group.create_task(tell(plan, folder / "load.ndjson", session=session))
        await _generated(plan, world, run)
        telling.cancel()
        over_at_s = world.clock.now().timestamp()
        # What was accepted without an answer from the channel is opened there by the gateway's own workers: first in
        # everybody's time, for a schedule that jumps would pay at other moments than the gateway's.
        if isinstance(world, ProcessesWorld):
            await world.rest(patience_s=plan.patience_s)
        await world.settle(patience_s=plan.patience_s)
        watched.set()
    record = await asyncio.to_thread(read_record, folder / "load.ndjson")
    return Traffic(record=record, meter=meter, over_at_s=over_at_s)


async def _generated(plan: LoadPlan, world: LoadWorld, run: GeneratorRun) -> None:
    if not isinstance(world, ProcessesWorld):
        await run_driven(world.gateway, run.values)
    elif plan.generator == "light":
        await run_light(run)
    else:
        await run_locust(run)


async def _heard_out(world: LoadWorld) -> None:
    """
    A gateway of somebody else's does not say whether it has webhooks left: they are waited for until none comes.
    """
    heard, quiet_s = len(world.sink.events), 0.0
    while quiet_s < QUIET_S:
        await world.clock.sleep(LOOK_S)
        quiet_s = quiet_s + LOOK_S if len(world.sink.events) == heard else 0.0
        heard = len(world.sink.events)


async def _durability(world: LoadWorld) -> Mapping[str, str] | None:
    """
    Of somebody else's database nothing is known.
    """
    return await durability_of(world.database_url) if isinstance(world, ProcessesWorld) else None


def _secret_file(path: Path) -> Path:
    """
    It holds the app's secret.
    """
    path.touch(mode=0o600)
    return path


def _values(plan: LoadPlan, world: LoadWorld, *, record_file: Path) -> dict[str, str]:
    app = world.gateway.app if isinstance(world, ProcessesWorld) else _NOBODY
    values = {
        "app_id": app.app_id,
        "secret": app.secret,
        "record_file": str(record_file),
        "shape": plan.shape,
        "mix": plan.mix,
        "rate": repr(plan.rate),
        "duration_s": repr(plan.lasts_s),
        "run_nonce": world.ids.run_nonce,
        "workers": str(plan.workers),
        "seed": str(plan.seed),
    }
    return {**values, "crowd": plan.crowd} if plan.crowd else values
