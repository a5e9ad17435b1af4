"""
`payproof load`: a shape of traffic against the gateway, buyers who pay, the dust settled, the money audited.

Figures that were not measured are null, never guessed.
"""

import asyncio
import difflib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.audit import AuditReport
from harness.commands.session import Session, open_session, profile_file, profile_word
from harness.control import SimulatorControl
from harness.errors import ConfigError
from harness.events import Audited, RunEnded, RunStarted, StepStarted
from harness.facts import acked
from harness.gather import FORGED, audit_world, settle_world
from harness.ids import label_of
from harness.load.buyers import Buyers
from harness.load.generator import LocustRun, run_locust
from harness.load.record import LoadRecord, read_record, summarise
from harness.settings import HarnessSettings
from harness.sut.sink import WebhookEvent
from harness.verdict import exit_code
from harness.world.processes import ProcessesWorld

SHAPES = ("steady",)
PATIENCE_S = 60.0
SHOWN = ("shape", "sent", "settled", "payments_per_s", "latency_ms", "refused", "unanswered", "lost", "credited_twice",
         "mismatched", "elapsed_s")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """
    Args:
        rate: payments started a second.
        duration_s: for so long.
    """

    shape: str
    rate: float
    duration_s: float
    seed: int
    profile: str = "calm"
    as_json: bool = False
    patience_s: float = PATIENCE_S

    def argv(self, profile: str) -> tuple[str, ...]:
        """
        The words that ask for this run again.
        """
        shape = (self.shape, "--rate", f"{self.rate:g}", "--duration", f"{self.duration_s:g}")
        return ("load", *shape, "--seed", str(self.seed), "--profile", profile)


async def run_load(plan: LoadPlan, *, settings: HarnessSettings) -> int:
    """
    Run it and return the exit code; the summary goes to the listeners and into the run folder.
    """
    if plan.shape not in SHAPES:
        closest = difflib.get_close_matches(plan.shape, SHAPES, n=1)
        hint = f"did you mean {closest[0]}?" if closest else f"known: {', '.join(SHAPES)}"
        raise ConfigError(f"no load shape is called {plan.shape}", hint=hint)
    faults = profile_file(plan.profile)
    profile = profile_word(plan.profile)
    with open_session(
        settings, seed=plan.seed, as_json=plan.as_json, argv=plan.argv(profile), profile=profile
    ) as session:
        facts = {"rate": f"{plan.rate:g}/s", "duration": f"{plan.duration_s:g} s", "seed": str(plan.seed),
                 "profile": plan.profile, "run": str(session.run_dir)}  # fmt: skip
        session.announce(RunStarted(title=f"payproof load {plan.shape}", facts=facts))
        begun_s = asyncio.get_running_loop().time()
        world = await ProcessesWorld.open(session.plan(faults=faults), clock=session.clock)
        try:
            summary, report = await _loaded(plan, world, session=session)
        finally:
            await world.close()
        summary["elapsed_s"] = round(asyncio.get_running_loop().time() - begun_s, 2)
        session.keep("summary.json", summary)
        session.keep("findings.json", [dict(finding.to_json()) for finding in report.findings])
        session.announce(Audited(report=report))
        session.announce(RunEnded(verdict=report.verdict, summary=summary, shown=SHOWN, reasons=report.reasons))
        return exit_code(report.verdict)


async def _loaded(plan: LoadPlan, world: ProcessesWorld, *, session: Session) -> tuple[dict[str, Any], AuditReport]:
    # Locust works in another folder than we do.
    folder = await asyncio.to_thread(session.run_dir.resolve)
    record_file, log_file = folder / "load.ndjson", folder / "locust.log"
    session.announce(StepStarted(number=1, total=3, text="load"))
    buyers = await _traffic(plan, world, record_file=record_file, log_file=log_file)
    record = read_record(record_file)
    session.announce(StepStarted(number=2, total=3, text=f"settle: {len(record.requests)} sent, {buyers.paid} paid"))
    settled = await settle_world(world, patience_s=plan.patience_s)
    session.announce(StepStarted(number=3, total=3, text="audit"))
    report = await audit_world(
        world,
        ours=world.ids.ours,
        seed=plan.seed,
        replay=shlex.join(("payproof", *plan.argv(plan.profile))),
        doubts=[] if settled else [f"the dust had not settled after {plan.patience_s:g} s"],
    )
    ended = Settled.of(world.sink.events, acked_labels=await _acked_labels(world.control))
    return summary_of(plan, record=record, report=report, settled=ended), report


async def _traffic(plan: LoadPlan, world: ProcessesWorld, *, record_file: Path, log_file: Path) -> Buyers:
    """
    Locust and the buyers side by side; the buyers go home when Locust has ended and all that it opened is paid.
    """
    buyers = Buyers(world.control, clock=world.clock)
    over = asyncio.Event()
    values = {
        "app_id": world.gateway.app.app_id,
        "secret": world.gateway.app.secret,
        "record_file": str(record_file),
        "rate": repr(plan.rate),
        "duration_s": repr(plan.duration_s),
        "run_nonce": world.ids.run_nonce,
        "seed": str(plan.seed),
    }
    locust = LocustRun(url=world.gateway.url, values=values, duration_s=plan.duration_s, log_file=log_file)
    async with asyncio.TaskGroup() as group:
        group.create_task(buyers.follow(over))
        await run_locust(locust)
        # What was accepted without an answer from the channel is opened there by the gateway's own workers.
        await world.settle(patience_s=plan.patience_s)
        over.set()
    return buyers


async def _acked_labels(control: SimulatorControl) -> set[str]:
    return {delivery.label async for delivery in control.notifies() if delivery.kind not in FORGED and acked(delivery)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """
    Payments that went all the way round: notify acknowledged, committed, webhook answered.

    Args:
        last_at: when the last of them was told.
    """

    payments: int
    last_at: datetime | None

    @classmethod
    def of(cls, events: list[WebhookEvent], *, acked_labels: set[str]) -> "Settled":
        """
        A webhook of a paid payment is written in the transaction that credits it, so it stands for the commit.
        """
        first_told: dict[str, datetime] = {}
        for event in events:
            label = label_of(event.merchant_order_no)
            if event.told and event.type == "payment.paid" and label is not None and label in acked_labels:
                first_told.setdefault(event.merchant_order_no, event.received_at)
        return cls(payments=len(first_told), last_at=max(first_told.values(), default=None))


def summary_of(plan: LoadPlan, *, record: LoadRecord, report: AuditReport, settled: Settled) -> dict[str, Any]:
    """
    The JSON object of a load run.
    """
    per_s: float | None = None
    if settled.last_at is not None:
        span_s = (settled.last_at - record.began_at).total_seconds()
        per_s = round(settled.payments / span_s, 1) if span_s > 0 else None
    latency: Mapping[str, float] | None = summarise([request.latency_ms for request in record.answered])
    return {
        "shape": plan.shape,
        "channel_mix": {"alipay": 100},
        "rate": plan.rate,
        "sent": len(record.requests),
        "settled": settled.payments,
        "payments_per_s": per_s,
        "lost": report.lost,
        "credited_twice": report.credited_twice,
        "mismatched": report.mismatched,
        "refused": sum(request.refused for request in record.requests),
        "unanswered": sum(not request.refused and not request.accepted for request in record.requests),
        "latency_ms": latency,
        "generator_lag_ms": summarise([request.lag_ms for request in record.requests]),
        "limited_by": None,
        "seed": plan.seed,
        "verdict": report.verdict.value,
    }
