"""
Where a load run takes place: around the bundled gateway, or around one that a driver speaks to.

Both have the providers' own crowd, which pays what is opened, and webhooks kept on disk. It refuses to know what is
sent.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML

from harness.commands.session import Session
from harness.errors import ConfigError
from harness.ids import Ids
from harness.load.plan import LoadPlan
from harness.load.spool import webhooks
from harness.sut.drivers import REFERENCE, imported, load_driver
from harness.sut.sink import WebhookEvent
from harness.world.external import ExternalPlan, ExternalWorld
from harness.world.processes import ProcessesWorld

# Buyers pay without a call of ours for each, and notifies share connections, as those of busy platforms do.
SIMULATOR_ENV = {
    "PAYPROOF_PROVIDERS_BUYERS_PAY_AFTER_S": "0.02",
    "PAYPROOF_PROVIDERS_NOTIFY_KEEP_ALIVE_S": "5",
    # What was exchanged is on disk, and the audit asks only for what nobody has acknowledged yet: a soak would grow by
    # every payment until memory held the last 20,000.
    "PAYPROOF_PROVIDERS_JOURNAL_KEPT": "2000",
    "PAYPROOF_PROVIDERS_NOTIFIES_KEPT": "2000",
    "PAYPROOF_PROVIDERS_DECISIONS_KEPT": "2000",
}
GATEWAY_ENV = {
    # The distances that a gateway has in earnest: a world's usual ones ask so early that slow payments are asked about.
    "GATEWAY_POLL_LADDER_S": "[5, 10, 20, 40, 80, 160, 320, 600]",
    # Nobody reads a run's stream, so it need not hold the last million events.
    "GATEWAY_REDIS_STREAM_LENGTH_MAX": "10000",
}

LoadWorld = ProcessesWorld | ExternalWorld


@contextlib.asynccontextmanager
async def load_world(plan: LoadPlan, session: Session, *, faults: Path) -> AsyncIterator[LoadWorld]:
    """
    The world of *plan*, until the block ends.

    Raises:
        ConfigError: the gateway has not the channels that people are to pay over.
    """
    world = await _opened(plan, session, faults=faults)
    spool = webhooks(session.run_dir / "webhooks.ndjson")
    # A list's append, length and reading are all that is asked of it; a million events do not belong into memory.
    world.sink.events = cast("list[WebhookEvent]", spool)
    try:
        missing = plan.channels.keys() - set(world.gateway.channels)
        if missing:
            raise ConfigError(
                f"{world.gateway.name} has no channel {min(missing)}",
                hint=f"take --mix of {', '.join(world.gateway.channels)}",
            )
        yield world
    finally:
        await world.close()
        spool.close()


async def _opened(plan: LoadPlan, session: Session, *, faults: Path) -> LoadWorld:
    if plan.gateway == REFERENCE:
        here = replace(
            session.plan(faults=faults),
            simulator_env=SIMULATOR_ENV,
            gateway_env={**GATEWAY_ENV, **plan.gateway_env},
            instances=plan.gateways,
            simulators=plan.simulators,
        )
        return await ProcessesWorld.open(here, clock=session.clock)
    file = Path(plan.gateway)
    driver = load_driver(file)
    elsewhere = ExternalPlan(
        home=session.home,
        run_dir=session.run_dir,
        ids=Ids(plan.seed),
        driver=driver,
        folder=file.parent.absolute(),
        sign=None if driver.signing is None else imported(driver.signing, folder=file.parent),
        simulator_env=SIMULATOR_ENV,
    )
    world = await ExternalWorld.open(elsewhere, clock=session.clock)
    document = YAML(typ="safe").load(await asyncio.to_thread(faults.read_text, encoding="utf-8"))
    await world.control.put_profile(document)
    return world
