"""
The world of somebody else's gateway: our simulator as a process, our sink, and a gateway that a driver speaks to.

No database of ours is started. The gateway is started, stopped and killed by its driver's commands, where it gives
any; otherwise it is taken to be running. It refuses to know how the gateway keeps its books.
"""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import orjson

from harness.clock import Clock, SystemClock
from harness.control import SimulatorControl
from harness.errors import ConfigError, DriverError, ServerStartError, WorldError
from harness.ids import Ids, label_of
from harness.settings import child_environment
from harness.sut.contract import GatewayContract
from harness.sut.driver.gateway import HttpGateway, Sign
from harness.sut.driver.schema import DriverFile, Program
from harness.sut.driver.template import text
from harness.sut.driver.webhooks import read_webhook
from harness.sut.sink import MerchantSink
from harness.world.base import Move
from harness.world.home import Home
from harness.world.launch import ProcessSpec
from harness.world.nemesis import Moves, gateway_moves
from harness.world.processes import LADDER_S, ProcessesPlan, ProcessesWorld
from harness.world.supervisor import Supervisor

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LOOK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalPlan:
    """
    Args:
        allowed_hosts: where the gateway may be, besides loopback.
        folder: relative paths of the driver's commands start here.
    """

    home: Home
    run_dir: Path
    ids: Ids
    driver: DriverFile
    folder: Path
    sign: Sign | None = None
    allowed_hosts: frozenset[str] = frozenset()
    sink_port: int = 0


class ExternalWorld:
    """
    World around a gateway of the user's; made by `ExternalWorld.open`, ended by `close`.
    """

    name = "external"

    def __init__(self, plan: ExternalPlan, *, clock: Clock) -> None:
        self.plan = plan
        self.clock = clock
        self.ids = plan.ids
        self.moves = _moves(plan.driver)
        deeds = gateway_moves(self.moves, kill=self.kill_gateway, restart=self.restart_gateway)
        self.nemesis = Moves(self.name, deeds)
        spec = plan.driver.webhooks
        self.sink = MerchantSink(
            "",
            clock=clock,
            port=plan.sink_port,
            read=None if spec is None else lambda body: read_webhook(spec, body),
            answer=("ok", "text/plain") if spec is None else (spec.answer, spec.content_type),
        )
        self.control: SimulatorControl
        self.gateway: GatewayContract
        self._http: HttpGateway
        self._simulator: ProcessesWorld
        self._supervisor = Supervisor(plan.run_dir / "logs", clock=clock)
        self._values: dict[str, Any] = {}

    @classmethod
    async def open(cls, plan: ExternalPlan, *, clock: Clock | None = None) -> Self:
        """
        Start the simulator and the sink, then the gateway where the driver says how.

        Raises:
            ConfigError: the gateway is at an address that nobody allowed.
            ServerStartError: something did not become ready.
        """
        world = cls(plan, clock=clock if clock is not None else SystemClock())
        _allowed(plan)
        try:
            await world.sink.start()
            await world._start_simulator()
            await world._start_gateway()
        except BaseException:
            await world.close()
            raise
        return world

    @property
    def urls(self) -> Mapping[str, str]:
        """
        Where everything is.
        """
        return self._simulator.urls

    async def advance(self, seconds: float) -> None:
        await self.control.advance(seconds)
        await self._learn_numbers()

    async def settle(self, *, patience_s: float) -> bool:
        """
        Walk the ladders to their ends; what the gateway does by itself is waited for by whoever asks for it.
        """
        try:
            async with asyncio.timeout(patience_s):
                while (await self.control.advance(LADDER_S, until_idle=True)).pending:
                    await self.clock.sleep(LOOK_S)
                await self._learn_numbers()
                return True
        except TimeoutError:
            return False

    async def kill_gateway(self) -> None:
        driver = self.plan.driver
        if driver.kill is not None:
            await self._do(driver.kill)
        else:
            await self._supervisor.kill("gateway")

    async def restart_gateway(self) -> None:
        driver = self.plan.driver
        if driver.stop is not None:
            await self._do(driver.stop)
        if driver.start is not None:
            await self._supervisor.restart("gateway")

    async def close(self) -> None:
        if hasattr(self, "_http"):
            await self._http.close()
        if self.plan.driver.stop is not None and self._values:
            await self._do(self.plan.driver.stop)
        await self._supervisor.stop()
        if hasattr(self, "_simulator"):
            await self._simulator.close()
        await self.sink.stop()

    async def _start_simulator(self) -> None:
        plan = self.plan
        env = label_environment(plan.driver)
        self._simulator = await ProcessesWorld.open(
            ProcessesPlan(
                home=plan.home, run_dir=plan.run_dir, ids=plan.ids, gateway=None, simulator_env=env, strict_ports=True
            ),
            clock=self.clock,
        )
        self.control = self._simulator.control
        bases = {f"{name}_url": url for name, url in self._simulator.bases.items()}
        self._values = {
            **bases,
            "credentials_dir": str(plan.home.credentials),
            "sink_url": self.sink.url,
            "folder": str(plan.folder),
            "run_dir": str(plan.run_dir.absolute()),
            "python": sys.executable,
        }

    async def _start_gateway(self) -> None:
        driver = self.plan.driver
        if driver.start is not None:
            await self._supervisor.start(self._spec(driver.start))
        elif not await self._answers(0):
            raise ServerStartError(
                f"{driver.name} does not answer at {driver.url}",
                hint="start it, or say in the driver's `start` how; `ready.path` must answer with less than 500",
            )
        self._http = HttpGateway(driver, values=self._values, sign=self.plan.sign)
        self.gateway = self._http

    def _spec(self, program: Program) -> ProcessSpec:
        env = child_environment(**{name: text(value, self._values) for name, value in program.env.items()})
        return ProcessSpec(
            name="gateway",
            run=[text(word, self._values) for word in program.command],
            env=env,
            cwd=self.plan.folder / program.cwd,
            ready=self._answers,
            ready_timeout_s=self.plan.driver.ready.within_s,
        )

    async def _answers(self, _pid: int) -> bool:
        url = text(self.plan.driver.url, self._values).rstrip("/") + self.plan.driver.ready.path
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(url) as answer,
            ):
                return answer.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _do(self, program: Program) -> None:
        """
        Run a command of the driver's to its end.
        """
        command = [text(word, self._values) for word in program.command]
        env = child_environment(**{name: text(value, self._values) for name, value in program.env.items()})
        try:
            child = await asyncio.create_subprocess_exec(*command, env=env, cwd=self.plan.folder / program.cwd)
        except OSError as error:
            raise DriverError(f"{command[0]} cannot be run: {error.strerror}") from error
        status = await child.wait()
        if status:
            raise WorldError(f"{' '.join(command)} ended with {status}")

    async def _learn_numbers(self) -> None:
        """
        The provider's number of each order, for a gateway that does not tell it: by label, out of the book.
        """
        by_label = {trade.label: trade.out_trade_no async for trade in self.control.trades()}
        for order in self._http.orders:
            number = by_label.get(label_of(order) or "")
            if number is not None:
                self._http.numbers[order] = number


def label_environment(driver: DriverFile) -> dict[str, str]:
    """
    What tells the simulator which field carries the label; nothing where the driver leaves it to the usual ones.
    """
    if not driver.label_from:
        return {}
    return {"PAYPROOF_PROVIDERS_LABEL_FIELDS": orjson.dumps(driver.label_from).decode()}


def _moves(driver: DriverFile) -> frozenset[Move]:
    found = {Move.ADVANCE} if driver.clock else set()
    if driver.start is not None or (driver.kill is not None and driver.stop is not None):
        found |= {Move.KILL_GATEWAY, Move.RESTART_GATEWAY}
    return frozenset(found)


def _allowed(plan: ExternalPlan) -> None:
    """
    Nothing that a run sends may leave this machine unless the user said where to.
    """
    host = urlsplit(plan.driver.url).hostname or ""
    if host not in LOOPBACK | plan.allowed_hosts:
        raise ConfigError(
            f"{plan.driver.name} is at {host or plan.driver.url}, which is not this machine",
            hint=f"allow it with --allow-host {host}, if it is a test system of yours",
        )
