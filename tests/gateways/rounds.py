"""
Rounds of a foreign gateway by seed: a bad day's traffic with a kill in the middle, then a part of the catalogue.

Whatever a round finds is either the gateway's bug or a false accusation of ours; both end it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harness.cases import CASES, Case
from harness.catalog import REQUIREMENTS
from harness.checks import CHECKS
from harness.clock import SystemClock
from harness.gather import audit_world, settle_world
from harness.history import History
from harness.ids import Ids
from harness.script.loader import profile_document
from harness.sut.drivers import imported, load_driver
from harness.traffic import Traffic, TrafficPlan
from harness.trial import Can, missing, play
from harness.verdict import Finding
from harness.world.external import ExternalPlan, ExternalWorld
from harness.world.home import Home

PAYMENTS, AT_ONCE = 24, 8
# Labels that no case will reach.
FIRST = 500_001
# So many seeds in a row play the whole catalogue once; a crash case kills at so many moments each time.
SHARE, KILLS = 20, 3
PATIENCE_S = 40.0
GATEWAYS = Path(__file__).parent


async def opened(name: str, home: Home, *, seed: int, run_dir: Path) -> ExternalWorld:
    """
    The world around the gateway in that folder.
    """
    folder = GATEWAYS / name
    driver = load_driver(folder / "driver.yaml")
    sign = None if driver.signing is None else imported(driver.signing, folder=folder)
    plan = ExternalPlan(home=home, run_dir=run_dir, ids=Ids(seed), driver=driver, folder=folder, sign=sign)
    return await ExternalWorld.open(plan)


async def bad_day(world: ExternalWorld, *, seed: int) -> dict[str, Any]:
    """
    Payments and refunds under the flaky profile, and one kill -9 among them; the audit, and every check.
    """
    history, clock = History(world.clock), world.clock
    await world.control.put_profile(profile_document("flaky"))
    plan = TrafficPlan(payments=PAYMENTS, first=FIRST, at_once=AT_ONCE, channels=world.gateway.channels)

    async def kill() -> None:
        await clock.sleep(world.ids.draw(50, 1500, "kill") / 1000)
        await world.kill_gateway()
        await world.restart_gateway()

    await asyncio.gather(Traffic(world, plan, history=history).run(), kill())
    settled = await settle_world(world, patience_s=PATIENCE_S, ours=world.ids.ours)
    report = await audit_world(world, ours=world.ids.ours, history=history, seed=seed)
    judged = [one for check in CHECKS.values() for one in check(list(history)).findings]
    found = [*report.findings, *judged]
    return {
        "audit": report.verdict.value,
        "settled": settled,
        "payments": report.payments,
        "paid": report.paid,
        "refunded": report.refunded,
        "lost": report.lost,
        "credited_twice": report.credited_twice,
        "mismatched": report.mismatched,
        "findings": _told(found),
    }


async def part(world: ExternalWorld, *, seed: int, run_dir: Path) -> dict[str, Any]:
    """
    Some of the catalogue's cases, each over one channel; twenty seeds in a row play them all over all.
    """
    gateway, found, unsettled = world.gateway, [], []
    can = Can(
        abilities=gateway.abilities,
        moves=world.moves,
        channels=gateway.channels,
        world=world.name,
        lacks=world.plan.driver.cannot,
    )
    able = list(_able(CASES, can))[seed % SHARE :: SHARE]
    world.kills_max = KILLS
    for case, channel in able:
        await world.control.put_faults([])
        world.control.leave_behind()
        history = History(world.clock, file=run_dir / f"{channel}-{case.name}.ndjson")
        played = await play(case, channel, world, history=history, patience_s=PATIENCE_S, replay="")
        history.close()
        found += [finding for judged in played.judgements for finding in judged.findings]
        if any("not settled" in judged.reason for judged in played.judgements):
            unsettled.append(f"{case.name} over {channel}")
    return {"cases": len(able), "unsettled": unsettled, "case_findings": _told(found)}


async def play_seed(name: str, home: Home, *, seed: int, run_dir: Path) -> dict[str, Any]:
    """
    One round; what it has shown.
    """
    world = await opened(name, home, seed=seed, run_dir=run_dir)
    try:
        day = await bad_day(world, seed=seed)
        shown = day | await part(world, seed=seed, run_dir=run_dir)
    finally:
        await world.close()
    clean = shown["audit"] == "PASS" and not shown["findings"] and not shown["case_findings"]
    return {**shown, "ok": clean and shown["settled"] and not shown["unsettled"]}


def rounds(name: str, home_folder: Path, seeds: Sequence[int]) -> Iterable[dict[str, Any]]:
    """
    Round after round on one home, so that keys are made once.
    """
    with Home(home_folder) as home:
        for seed in seeds:
            run_dir = home.new_run(SystemClock(), seed)
            yield {"seed": seed, **asyncio.run(play_seed(name, home, seed=seed, run_dir=run_dir))}


def _able(cases: Iterable[Case], can: Can) -> Iterable[tuple[Case, str]]:
    for channel in can.channels:
        for case in cases:
            if channel in case.channels and not missing(case, can.over(channel)):
                yield case, channel


def _told(found: Iterable[Finding]) -> list[str]:
    known = {rule.id for rule in REQUIREMENTS}
    return sorted({f"{one.id}: {one.sentence}" for one in found if one.id in known})
