"""
`payproof up` and `payproof providers`: the sandbox, until somebody says stop.

Ports and credentials are the home's, the same every time, so that a gateway can be configured once. It refuses to
drive anything: people and programs do that.
"""

import asyncio
import dataclasses

from harness.session import Session, open_session, profile_file
from harness.settings import HarnessSettings
from harness.world.processes import ProcessesPlan, ProcessesWorld
from harness.world.supervised import ProcessEvent

SERVERS = frozenset({"postgres", "redis", "simulator", "gateway"})


async def run_up(*, seed: int, profile: str, gateway: bool, settings: HarnessSettings) -> int:
    """
    Serve until Ctrl-C or SIGTERM, which cancel it; the exit code is 0 then.
    """
    faults = profile_file(profile)
    with open_session(settings, seed=seed) as session:
        plan = dataclasses.replace(
            session.plan(faults=faults, strict_ports=True),
            keep_alive=True,
            on_event=lambda event: _tell(session, event),
        )
        if not gateway:
            plan = dataclasses.replace(plan, gateway=None)
        world = await ProcessesWorld.open(plan, clock=session.clock)
        try:
            _greet(session, world, plan)
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            # Ctrl-C and SIGTERM are how a sandbox ends.
            session.say("stopping")
        finally:
            await world.close()
    return 0


def _greet(session: Session, world: ProcessesWorld, plan: ProcessesPlan) -> None:
    home = session.home
    lines = {
        "Alipay gateway": world.urls["alipay"],
        "control API": f"{world.urls['control']}/control/v1",
        "your gateway's keys": str(home.credentials / "alipay"),
        "wire log": str(session.run_dir / "wire.ndjson"),
    }
    if plan.gateway is not None:
        lines["reference gateway"] = world.urls["gateway"]
        lines["its app and secret"] = str(home.folder / "gateway" / "apps.json")
    width = max(map(len, lines))
    for what, where in lines.items():
        session.say(f"{what:<{width}}  {where}")
    session.say("Ctrl-C stops everything.")


def _tell(session: Session, event: ProcessEvent) -> None:
    """
    A server that died and came back is something that people like to know.
    """
    if event.name in SERVERS and event.what in {"exited", "failed"}:
        session.note(f"{event.name} (process {event.pid}) {event.what} {event.text}".rstrip())
