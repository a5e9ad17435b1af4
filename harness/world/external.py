"""
The world of somebody else's gateway: our simulator as a process, our sink, and a gateway that a driver speaks to.

No database of ours is started. The gateway is started, stopped and killed by its driver's commands, where it gives
any; otherwise it is taken to be running. It refuses to know how the gateway keeps its books.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import orjson

from harness.channels import PROVIDED, provider_of
from harness.clock import Clock, SystemClock
from harness.errors import ConfigError, DriverError, ServerStartError, WorldError
from harness.ids import Ids, label_of
from harness.model import PAID_STATUSES
from harness.recent_control import RecentControl
from harness.settings import child_environment
from harness.sut.contract import Ability, GatewayContract
from harness.sut.driver.gateway import HttpGateway, Sign
from harness.sut.driver.schema import DriverFile, Program
from harness.sut.driver.secrets import read_secrets
from harness.sut.driver.template import text
from harness.sut.driver.webhooks import read_webhook
from harness.sut.sink import MerchantSink
from harness.world.base import Move
from harness.world.foreign import ForeignWorld
from harness.world.home import Home
from harness.world.launch import ProcessSpec
from harness.world.nemesis import Moves, gateway_moves
from harness.world.processes import ProcessesPlan, ProcessesWorld
from harness.world.supervisor import Supervisor

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# UnionPay has no call that ends a trade.
ENDABLE = tuple(name for name in PROVIDED if provider_of(name) != "unionpay")
TLS_PORT, PROXY_PORT = "PAYPROOF_PROVIDERS_TLS_PORT", "PAYPROOF_PROVIDERS_PROXY_PORT"


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
    simulator_env: Mapping[str, str] = field(default_factory=dict)


class ExternalWorld(ForeignWorld):
    """
    World around a gateway of the user's; made by `ExternalWorld.open`, ended by `close`.
    """

    name = "external"
    moment_s = 0.002

    def __init__(self, plan: ExternalPlan, *, clock: Clock) -> None:
        super().__init__()
        self.plan = plan
        self.clock = clock
        self.ids = plan.ids
        self.moves = _moves(plan.driver)
        deeds = gateway_moves(self.moves, kill=self.kill_gateway, restart=self.restart_gateway)
        self.nemesis = Moves(self.name, deeds)
        self.kills_max = plan.driver.kills
        spec = plan.driver.webhooks
        self.sink = MerchantSink(
            "",
            clock=clock,
            port=plan.sink_port,
            read=None if spec is None else lambda body: read_webhook(spec, body),
            answer=("ok", "text/plain") if spec is None else (spec.answer, spec.content_type),
        )
        self.control: RecentControl
        self.gateway: GatewayContract
        self._http: HttpGateway
        self._simulator: ProcessesWorld
        self._supervisor = Supervisor(plan.run_dir / "logs", clock=clock)
        self._values: dict[str, Any] = {}
        self._secrets: dict[str, str] = {}

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
        world._place()
        try:
            await world._look_first()
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

    def pids(self) -> Mapping[str, tuple[int, ...]]:
        """
        The first process of each group that is ours to see: the simulator, and the gateway where its driver starts it.
        """
        started = {"gateway": (self._supervisor["gateway"].pid,)} if self.plan.driver.start is not None else {}
        return {**self._simulator.pids(), **started}

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
        for closing in (getattr(self, "_http", None), getattr(self, "control", None)):
            if closing is not None:
                await closing.close()
        if self.plan.driver.stop is not None and self._values:
            await self._do(self.plan.driver.stop)
        await self._supervisor.stop()
        if hasattr(self, "_simulator"):
            await self._simulator.close()
        await self.sink.stop()

    def _place(self) -> None:
        """
        What the driver's templates may name before anything runs, its secrets among it.
        """
        plan = self.plan
        self._values = {
            "credentials_dir": str(plan.home.credentials),
            "folder": str(plan.folder),
            "run_dir": str(plan.run_dir.absolute()),
            "python": sys.executable,
            "gateway_port": str(plan.home.port("external")),
        }
        self._secrets = read_secrets(plan.driver, folder=plan.folder, values=self._values)
        self._values |= self._secrets

    async def _look_first(self) -> None:
        """
        A gateway that nobody starts has to be there, and one that is to be started must not be.
        """
        driver, there = self.plan.driver, await self._answers(0)
        url = text(driver.url, self._values)
        if driver.start is None and not there:
            raise ServerStartError(
                f"{driver.name} does not answer at {url}{driver.ready.path}",
                hint="start it, or say in the driver's `start` how; `ready.path` must answer with less than 500",
            )
        if driver.start is not None and there:
            raise ServerStartError(
                f"something answers at {url} before {driver.name} was started",
                hint="stop it, or take `start` out of the driver so that it is tried as it runs",
            )

    async def _start_simulator(self) -> None:
        plan = self.plan
        env = {**plan.simulator_env, **label_environment(plan.driver), **door_environment(plan.driver)}
        self._simulator = await ProcessesWorld.open(
            ProcessesPlan(
                home=plan.home, run_dir=plan.run_dir, ids=plan.ids, gateway=None, simulator_env=env, strict_ports=True
            ),
            clock=self.clock,
        )
        self.control = RecentControl(self._simulator.control.url)
        bases = {f"{name}_url": url for name, url in self._simulator.bases.items()}
        self._values |= {**bases, **_doors(self._simulator.simulator), "sink_url": self.sink.url}
        self._values["control_url"] = self._simulator.urls["control"]

    async def _start_gateway(self) -> None:
        driver = self.plan.driver
        if driver.start is not None:
            await self._supervisor.start(self._spec(driver.start))
        sign = self.plan.sign
        if sign is not None and self._secrets:
            sign = partial(sign, secrets=self._secrets)
        self._http = HttpGateway(driver, values=self._values, sign=sign)
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

    async def _unended(self) -> set[str]:
        """
        The orders that were to be closed and are still open, where the provider has a call for that, and the refunds
        that the gateway has taken and not ended, where it can tell.
        """
        unwanted = [one for one in self._http.made if one.id in self._http.unwanted and one.channel in ENDABLE]
        waited_for = [one for one in unwanted if one.merchant_order_no not in self._given_up]
        replies = [await self._http.get(one.id) for one in waited_for]
        told = [reply.value for reply in replies if reply.value is not None]
        self._http.unwanted -= {one.id for one in told if one.status != "PENDING"}
        return {one.merchant_order_no for one in told if one.status == "PENDING"} | await self._unrefunded()

    async def _unrefunded(self) -> set[str]:
        if Ability.GET_REFUND not in self._http.abilities:
            return set()
        waited_for = [one for one in self._http.open_refunds if one.merchant_refund_no not in self._given_up]
        for refund in waited_for:
            await self._http.get_refund(refund.payment_id, refund.id)
        return {one.merchant_refund_no for one in self._http.open_refunds} - self._given_up

    async def _untold(self) -> set[str]:
        """
        The orders that the buyer has paid and the gateway does not call ended, and those with refunds, of which the
        platform has not taken the news.
        """
        if self.plan.driver.webhooks is None:
            return set()
        news = {(event.merchant_order_no, event.event_id, event.type) for event in self.sink.events if event.told}
        heard = {order for order, _, kind in news if kind == "payment.paid"} | self._given_up
        paid = {trade.label async for trade in self.control.trades() if trade.paid_fen}
        waited_for = [
            payment
            for payment in self._http.made
            if payment.merchant_order_no not in heard and label_of(payment.merchant_order_no) in paid
        ]
        replies = [await self._http.get(payment.id) for payment in waited_for]
        told = [reply.value for reply in replies if reply.value is not None]
        untold = {payment.merchant_order_no for payment in told if payment.status in PAID_STATUSES | {"PENDING"}}
        if self.plan.driver.webhooks.tells_refunds:
            back = Counter(order for order, _, kind in news if kind == "refund.succeeded")
            untold |= {order for order, times in self._http.refunded.items() if times > back[order]} - self._given_up
        return untold

    def _numbered(self) -> HttpGateway:
        return self._http


def label_environment(driver: DriverFile) -> dict[str, str]:
    """
    What tells the simulator which field carries the label; nothing where the driver leaves it to the usual ones.
    """
    if not driver.label_from:
        return {}
    return {"PAYPROOF_PROVIDERS_LABEL_FIELDS": orjson.dumps(driver.label_from).decode()}


def door_environment(driver: DriverFile) -> dict[str, str]:
    """
    What opens the front doors that a driver names; any of them has the certificates made.
    """
    if not driver.doors:
        return {}
    proxy = any(name.startswith("proxy") for name in driver.doors)
    return {TLS_PORT: "0"} | ({PROXY_PORT: "0"} if proxy else {})


def _doors(ready: Mapping[str, Any]) -> dict[str, str]:
    """
    Where the front doors are, for templates; nothing where none was opened.
    """
    told = {name: str(ready[name]) for name in ("tls_url", "proxy_url", "ca_file") if ready.get(name)}
    if "ca_file" in told:
        told["truststore"] = str(Path(told["ca_file"]).with_name("truststore.p12"))
    if "proxy_url" in told:
        place = urlsplit(told["proxy_url"])
        told |= {"proxy_host": str(place.hostname), "proxy_port": str(place.port)}
    return told


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
