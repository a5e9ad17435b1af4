"""
What the pytest plugin's fixtures do: a sandbox, and a trial of requirements one by one, each on a loop of its own
thread, so that plain tests and async ones of any plugin can use them.

It refuses to import pytest before something has to be failed or skipped.
"""

import asyncio
import contextlib
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

from harness.cases import COVERING, Case
from harness.catalog import BY_ID
from harness.clock import SystemClock
from harness.commands.session import Session, open_session
from harness.commands.stranger import Stranger, full_word, load_stranger, open_stranger
from harness.control import SimulatorControl
from harness.errands import Errand, run_errands
from harness.errors import ConfigError, GatewaySilentError
from harness.history import History
from harness.ids import Ids
from harness.settings import HarnessSettings
from harness.sut.driver.schema import DriverFile
from harness.sut.reference import ReferenceGateway
from harness.trial import Can, Played, Result, Tally, chosen, missing, play, results, silent
from harness.verdict import Verdict
from harness.world.driven import DrivenWorld
from harness.world.external import ExternalWorld
from harness.world.home import Home
from harness.world.processes import ProcessesPlan, ProcessesWorld

Value = TypeVar("Value")
Pair = tuple[str, str]


class LoopThread:
    """
    An event loop in a thread of its own; `with` ends both.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="payproof", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """
        Run *work* there and wait for its end.
        """
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class PlainControl:
    """
    Every method of SimulatorControl as a plain function; what streams there is a list here.
    """

    def __init__(self, control: SimulatorControl, loop: LoopThread) -> None:
        self._control = control
        self._loop = loop

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._control, name)

        def call(*args: Any, **more: Any) -> Any:
            asked = method(*args, **more)
            return self._loop.run(asked if inspect.iscoroutine(asked) else _listed(asked))

        return call


@dataclass(frozen=True, slots=True)
class Sandbox:
    """
    Simulators that run.

    Args:
        providers: `alipay`, `wechatpay`, `unionpay`: base URLs without a path.
        credentials: the folder of merchant and platform keys.
        control: the control client for plain tests; async ones take a client of their own out of `client()`.
    """

    providers: dict[str, str]
    credentials: Path
    control_url: str
    control: PlainControl

    def client(self) -> SimulatorControl:
        """
        An async control client: `async with sandbox.client() as control: …`.
        """
        return SimulatorControl(self.control_url)


@contextlib.contextmanager
def sandbox(home: Path, *, seed: int) -> Iterator[Sandbox]:
    """
    Start the simulators; they end with the `with`.
    """
    clock = SystemClock()
    with Home(home) as kept, LoopThread() as loop:
        plan = ProcessesPlan(home=kept, run_dir=kept.new_run(clock, seed), ids=Ids(seed), gateway=None)
        world = loop.run(ProcessesWorld.open(plan, clock=clock))
        try:
            control = PlainControl(world.control, loop)
            yield Sandbox(dict(world.bases), kept.credentials, world.urls["control"], control)
        finally:
            loop.run(world.close())


def chosen_pairs(gateway: str, *, prefixes: Sequence[str], channels: Iterable[str]) -> list[Pair]:
    """
    Requirements and channels that a marker chooses, of those that the gateway speaks.

    Raises:
        ConfigError: no requirement begins so, or the gateway is wrong.
    """
    rules = chosen(tuple(prefixes))
    if not rules:
        raise ConfigError(f"no requirement begins with {', '.join(prefixes)}", hint="see `payproof list requirements`")
    wanted = set(channels)
    spoken = [name for name in _channels(load_stranger(gateway)) if not wanted or name in wanted]
    return [(rule.id, channel) for rule in rules for channel in rule.channels if channel in spoken]


def _channels(stranger: Stranger | None) -> tuple[str, ...]:
    # A class says them on itself: nothing is started before tests are collected.
    said: Any = ReferenceGateway if stranger is None else stranger
    return tuple(map(str, said.channels))


@dataclass(slots=True)
class Trial:
    """
    A gateway on trial; every case is played once, however many requirements it shows.
    """

    gateway: str
    stranger: Stranger | None
    session: Session
    loop: LoopThread
    played: dict[Pair, Played] = field(default_factory=dict)
    _world: ExternalWorld | DrivenWorld | None = None
    _patience_s: float = 0.0

    def result(self, name: str, channel: str) -> Result:
        """
        How one requirement ends over one channel.
        """
        can = self._can(channel)
        tally = Tally()
        for case in COVERING.get(name, ()):
            if channel in case.channels and not missing(case, can):
                tally.add(self._played(case, channel))
        return results([BY_ID[name]], tally, can)[0]

    def close(self) -> None:
        """
        End the gateway's world.
        """
        if self._world is not None:
            self.loop.run(self._world.close())

    def _can(self, channel: str) -> Can:
        if self.stranger is None:
            from harness.world.in_process import InProcessWorld  # noqa: PLC0415 - both other rooms come with it

            able, moves, name = ReferenceGateway.abilities, InProcessWorld.moves, InProcessWorld.name
            return Can(abilities=able, moves=moves, channels=(channel,), world=name)
        if self._world is None:
            opening = open_stranger(self.stranger, gateway=self.gateway, session=self.session)
            self._world, self._patience_s = self.loop.run(opening)
        world = self._world
        lacks = self.stranger.cannot if isinstance(self.stranger, DriverFile) else {}
        able, moves, name = world.gateway.abilities, world.moves, world.name
        return Can(abilities=able, moves=moves, channels=(channel,), world=name, lacks=lacks).over(channel)

    def _played(self, case: Case, channel: str) -> Played:
        key = case.name, channel
        if key not in self.played:
            world = self._world
            self.played[key] = (
                self._in_process(case, channel)
                if world is None
                else self.loop.run(_play(case, channel, world, session=self.session, patience_s=self._patience_s))
            )
        return self.played[key]

    def _in_process(self, case: Case, channel: str) -> Played:
        errand = Errand(
            case=case.name, channel=channel, seed=self.session.seed, credentials=self.session.home.credentials
        )
        # A thread has no loop that is running, whatever the test does.
        with ThreadPoolExecutor(max_workers=1) as thread:
            ((_, played),) = thread.submit(lambda: list(run_errands([errand]))).result()
        return played


@contextlib.contextmanager
def trial(gateway: str, *, home: Path, seed: int) -> Iterator[Trial]:
    """
    Put a gateway on trial; its world is started by the first case and ends with the `with`.
    """
    stranger = load_stranger(gateway)
    settings = HarnessSettings(home=home)
    with open_session(settings, seed=seed, gateway=full_word(gateway)) as session, LoopThread() as loop:
        begun = Trial(gateway, stranger, session, loop)
        try:
            yield begun
        finally:
            begun.close()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of the catalogue over one channel."""

    id: str
    channel: str
    trial: Trial

    @property
    def text(self) -> str:
        """
        The rule, in a sentence.
        """
        return BY_ID[self.id].text

    def check(self) -> Result:
        """
        Put it to the test: returns where it is kept, skips where it cannot be tried, and fails otherwise, also where
        nothing was witnessed.
        """
        import pytest  # noqa: PLC0415

        result = self.trial.result(self.id, self.channel)
        if result.verdict is Verdict.NOT_RUN:
            pytest.skip(f"{self.id} over {self.channel}: {result.reason}")
        if result.verdict is Verdict.UNKNOWN:
            _fail(f"{self.id} over {self.channel} is undecided: {result.reason}")
        if result.verdict is Verdict.FAIL:
            _fail(_told(result, self.text))
        return result


def _told(result: Result, text: str) -> str:
    found = result.finding
    if found is None:
        return f"{text} {result.reason}"
    lines = (found.sentence, text, f"expected: {found.expected}", f"actual: {found.actual}", f"again: {found.replay}")
    return "\n".join(lines)


def _fail(text: str) -> NoReturn:
    import pytest  # noqa: PLC0415

    pytest.fail(text, pytrace=False)


async def _play(
    case: Case, channel: str, world: ExternalWorld | DrivenWorld, *, session: Session, patience_s: float
) -> Played:
    history = History(session.clock, file=session.run_dir / f"{channel}-{case.name}.ndjson")
    await world.control.put_faults([])
    world.control.leave_behind()
    try:
        replay = f"payproof check {{id}} --seed {session.seed}"
        return await play(case, channel, world, history=history, patience_s=patience_s, replay=replay)
    except GatewaySilentError as problem:
        return silent(case, channel, problem)
    finally:
        history.close()


async def _listed(rows: AsyncIterator[Value]) -> list[Value]:
    return [row async for row in rows]
