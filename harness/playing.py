"""
One scenario against one gateway with one seed: the world that it asks for, the story, and what is kept of it.

In-process worlds run on a virtual loop of their own; worlds of processes start their servers as forks of one warmed
process, so that one after another is bearable. It refuses to choose what is played.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import structlog

from harness.clock import SystemClock
from harness.control import Decision
from harness.errors import ConfigError, GatewaySilentError
from harness.events import Announce, Event
from harness.history import History
from harness.ids import Ids
from harness.reports.scenario_page import scenario_page
from harness.script.outcome import ScenarioResult, run
from harness.script.schema import Scenario
from harness.sut.drivers import imported, load_driver
from harness.sut.reference import RetryPolicy
from harness.verdict import Verdict
from harness.world.base import World
from harness.world.external import ExternalPlan, ExternalWorld
from harness.world.fork_launcher import ForkLauncher
from harness.world.home import Home
from harness.world.launch import Launcher, PythonMain
from harness.world.processes import ProcessesPlan, ProcessesWorld
from harness.world.supervisor import Supervisor
from harness.world.virtual_loop import VirtualLoop

REFERENCE = "reference"
GALLERY = "gallery:"
SERVED = ("reference_gateway", "mock_providers", "harness.gallery.serve")
# A run is over in seconds: whoever is gone is noticed soon, and what a killed gateway held is taken over soon.
QUICK = {
    "GATEWAY_LEASE_S": "2",
    "GATEWAY_CHANNEL_TIMEOUT_S": "1.5",
    "GATEWAY_WEBHOOK_TIMEOUT_S": "1.5",
    "GATEWAY_LEADER_BEAT_S": "0.1",
    "GATEWAY_LEADER_STALE_S": "1.5",
    "GATEWAY_WEBHOOK_RETRY_S": "[0.2, 0.4, 0.8, 1.6, 3.2]",
    "GATEWAY_BREAKER_OPEN_S": "1",
    "GATEWAY_DRAIN_S": "2",
}
IMPATIENT = RetryPolicy(waits_s=(0.1, 0.4, 1.0), answer_s=2.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """
    One scenario to be played.

    Args:
        gateway: `reference`, `gallery:<id>`, or a driver's file.
        folder: takes the history, the wire and the faults as drawn; None keeps nothing.
        plan: faults as an earlier run drew them, which strike in place of the scenario's own.
        replay: the command that plays it again.
        allowed_hosts: where a gateway of the user's may be, besides this machine.
    """

    scenario: Scenario
    seed: int
    gateway: str = REFERENCE
    folder: Path | None = None
    plan: Path | None = None
    replay: str = ""
    allowed_hosts: frozenset[str] = frozenset()

    @property
    def mutant(self) -> str:
        """
        The gallery's broken gateway that is meant; empty for any other.
        """
        return self.gateway.removeprefix(GALLERY) if self.gateway.startswith(GALLERY) else ""

    @property
    def world(self) -> str:
        """
        Where it is played: a gateway of the user's brings its own world.
        """
        return self.scenario.world if self.mutant or self.gateway == REFERENCE else ExternalWorld.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    A scenario that was played.

    Args:
        decisions: every decision of the fault engine that the run reached, and whether it struck.
        elapsed_s: how long it took, world and all.
    """

    result: ScenarioResult
    decisions: Mapping[tuple[Any, ...], bool] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    elapsed_s: float = 0.0


def play_in_process(play: Play, *, credentials: Path, announce: Announce | None = None) -> Told:
    """
    Play it on virtual time; events go to *announce*, else they come back with what was told.
    """
    # Stdout belongs to the report; what a gateway logs of lies that it refused is no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_in_process(play, credentials=credentials, announce=announce))


async def _in_process(play: Play, *, credentials: Path, announce: Announce | None) -> Told:
    # Both rooms come with them; plays over processes and against a gateway of the user's need neither here.
    from harness.gallery import MUTANTS  # noqa: PLC0415
    from harness.world.in_process import InProcessPlan, InProcessWorld  # noqa: PLC0415

    plan = InProcessPlan(
        credentials=credentials,
        ids=Ids(play.seed, run_nonce="chaos"),
        faults=play.plan,
        parts=MUTANTS[play.mutant].parts() if play.mutant else {},
        proxied=True,
        run_dir=play.folder,
    )
    world = await InProcessWorld.open(plan)
    try:
        return await _told(play, world, announce=announce)
    finally:
        await world.close()


class Servers:
    """
    What worlds of processes are made from, one after another; made by `Servers.open`.
    """

    def __init__(self, home: Home, launcher: Launcher, *, given: Mapping[str, Any]) -> None:
        self._home = home
        self._launcher = launcher
        self._given = given

    @classmethod
    @asynccontextmanager
    async def open(cls, home: Home, *, logs: Path, **given: Any) -> AsyncIterator["Servers"]:
        """
        Warm a process from which servers are forked; it ends with the `async with`, and so do they.

        Args:
            given: further words for the plan of each world, such as `database_url`.
        """
        async with Supervisor(logs) as supervisor:
            launcher = await ForkLauncher.open(supervisor, SERVED)
            yield cls(home, launcher, given=given)

    async def play(self, play: Play, *, run_dir: Path, announce: Announce | None = None) -> Told:
        """
        Play it in a world of its own.

        Args:
            run_dir: takes logs and the wire where the play itself keeps nothing.
        """

        async def lend(_supervisor: Supervisor) -> Launcher:
            return self._launcher

        folder = run_dir if play.folder is None else play.folder
        plan = ProcessesPlan(
            home=self._home,
            run_dir=folder,
            ids=Ids(play.seed),
            faults=play.plan,
            gateway=PythonMain("harness.gallery.serve", (play.mutant,)) if play.mutant else PythonMain(SERVED[0]),
            gateway_env=QUICK,
            launcher=lend,
            fork_simulator=True,
            instances=play.scenario.instances,
            proxied=True,
            passing=True,
            retry=IMPATIENT,
            **self._given,
        )
        world = await ProcessesWorld.open(plan)
        try:
            return await _told(play, world, announce=announce)
        finally:
            await world.close()


async def play_outside(play: Play, *, home: Home, run_dir: Path, announce: Announce | None = None) -> Told:
    """
    Play it against a gateway of the user's.

    Raises:
        ConfigError: there is no such driver, or its gateway is at an address that nobody allowed.
    """
    driver = load_driver(Path(play.gateway))
    world = await ExternalWorld.open(
        ExternalPlan(
            home=home,
            run_dir=run_dir if play.folder is None else play.folder,
            ids=Ids(play.seed),
            driver=driver,
            folder=Path(play.gateway).parent.absolute(),
            sign=None if driver.signing is None else imported(driver.signing, folder=Path(play.gateway).parent),
            allowed_hosts=play.allowed_hosts,
        )
    )
    try:
        return await _told(play, world, announce=announce)
    finally:
        await world.close()


def known_gateway(gateway: str) -> str:
    """
    The same word, where it names a gateway.

    Raises:
        ConfigError: there is no such broken gateway, or no such driver.
    """
    if gateway.startswith(GALLERY):
        from harness.gallery import MUTANTS  # noqa: PLC0415 - it brings the gateway's own room with it

        if gateway.removeprefix(GALLERY) not in MUTANTS:
            raise ConfigError(f"{gateway} hangs in no gallery", hint="`payproof list gallery` shows them all")
    elif gateway != REFERENCE:
        load_driver(Path(gateway))
    return gateway


async def _told(play: Play, world: World, *, announce: Announce | None) -> Told:
    heard: list[Event] = []
    real = SystemClock()
    begun = real.now()
    file = None if play.folder is None else play.folder / "history.ndjson"
    history = History(world.clock, file=file)
    try:
        result = await run(
            play.scenario,
            world,
            history=history,
            announce=heard.append if announce is None else announce,
            replay=play.replay,
            drawn=play.plan is not None,
        )
        decisions = {key_of(one): one.hit async for one in world.control.decisions()}
    except GatewaySilentError as problem:
        result = _silent(play, world, str(problem))
        decisions = {}
    finally:
        history.close()
    if play.mutant:
        result = replace(result, gateway=play.gateway)
    told = Told(
        result=result,
        decisions=decisions,
        events=tuple(heard),
        elapsed_s=(real.now() - begun).total_seconds(),
    )
    _keep(play, told, history)
    return told


def key_of(one: Decision) -> tuple[Any, ...]:
    """
    What a decision of the fault engine was about; the same in every run with the same seed.
    """
    return (one.rule, one.provider, one.label, one.on, one.api, one.attempt)


def _silent(play: Play, world: World, reason: str) -> ScenarioResult:
    return ScenarioResult(
        scenario=play.scenario,
        verdict=Verdict.UNKNOWN,
        seed=play.seed,
        world=world.name,
        gateway=world.gateway.name,
        reasons=(reason,),
    )


def _keep(play: Play, told: Told, history: History) -> None:
    if play.folder is None:
        return
    page = scenario_page(told.result, history, replay=play.replay)
    (play.folder / "report.html").write_text(page, encoding="utf-8")
    for name, value in (
        ("findings.json", [dict(finding.to_json()) for finding in told.result.findings]),
        ("summary.json", dict(told.result.to_json()) | {"elapsed_s": round(told.elapsed_s, 3)}),
    ):
        (play.folder / name).write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
