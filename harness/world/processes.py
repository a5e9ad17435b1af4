"""
The world of real processes: PostgreSQL, Redis, the simulator and a gateway, each its own process under one supervisor.

Time is real here and a kill is a kill -9. It refuses to know what the processes say to each other, and judges nothing.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson

from harness.clock import Clock, SystemClock
from harness.control import SimulatorControl
from harness.errors import HarnessError, UnknownProcessError
from harness.ids import Ids
from harness.settings import child_environment
from harness.sut.reference import MerchantApp, ReferenceGateway, RetryPolicy
from harness.sut.sink import WEBHOOKS_FILE, MerchantSink
from harness.world.base import Move
from harness.world.databases import fresh_database, socket_in, sockets_of
from harness.world.gateway_values import gateway_values
from harness.world.home import Home
from harness.world.launch import Launcher, ProcessSpec, PythonMain
from harness.world.links import Links
from harness.world.nemesis import Do, Link, Moves
from harness.world.places import drop_folder, given_folder, socket_folder
from harness.world.postgres import provide_postgres
from harness.world.process_moves import SIMULATOR_NAME, ProcessMoves
from harness.world.proxy import HOST, Address
from harness.world.redis_server import provide_redis
from harness.world.supervised import OnEvent
from harness.world.supervisor import Supervisor

# The simulator's providers, each with a port that the home keeps and an address in the ready line.
PROVIDERS = {"alipay": "Alipay", "wechatpay": "WeChat Pay", "unionpay": "UnionPay"}
GATEWAY = PythonMain("reference_gateway")
SIMULATOR = PythonMain("mock_providers")
# How much schedule time one settling may use up: the longest ladder is 24 h 24 min, and a last rung may be delayed.
LADDER_S = 26 * 3600.0
# Starts in a row, about ten seconds in all: the database that a gateway waits for may be recovering.
COMEBACK_ATTEMPTS = 10
# While the dust settles the gateway is asked this often whether it has work left.
LOOK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessesPlan:
    """
    What to start.

    Args:
        faults: a profile's YAML file.
        gateway: the gateway's program; the reference one by default. A planted bug is another program here.
        gateway_env: added to the gateway's environment, a crash point for instance.
        simulator_env: added to the simulator's environment; what the plan itself decides stands.
        keep_alive: start simulator and gateway again when they die by themselves.
        strict_ports: kept ports must be had, since somebody was configured with them; otherwise free ones serve.
        launcher: opens how the gateway is started; by exec when None.
        fork_simulator: start the simulator in the same way.
        instances: so many gateways behind one port.
        simulators: so many processes of the simulator behind its ports; each provider has its merchant in another one.
        proxied: put a link that can be cut between the gateway and the others.
        passing: the world is for one story: an empty database of its own, where the server is ours, that need not
            outlast a power cut; and a gateway that nobody waits for in the end.
        retry: how patient the merchant is with an answer.
    """

    home: Home
    run_dir: Path
    ids: Ids
    faults: Path | None = None
    database_url: str | None = None
    redis_url: str | None = None
    gateway: PythonMain | None = GATEWAY
    gateway_env: Mapping[str, str] = field(default_factory=dict)
    simulator_env: Mapping[str, str] = field(default_factory=dict)
    keep_alive: bool = False
    strict_ports: bool = False
    launcher: Callable[[Supervisor], Any] | None = None
    fork_simulator: bool = False
    instances: int = 1
    simulators: int = 1
    proxied: bool = False
    passing: bool = False
    retry: RetryPolicy | None = None
    on_event: OnEvent = lambda _event: None
    notice: Callable[[str], None] = lambda _line: None


@dataclass(slots=True)
class _Parts:
    """What `open` has put together so far."""

    database_url: str = ""
    database_process: str | None = None
    redis_url: str = ""
    redis_kind: str = ""
    redis_process: str | None = None
    control_url: str = ""
    launcher: Launcher | None = None
    # Where the gateway finds them, through links where the plan wants them.
    near_database_url: str = ""
    near_redis_url: str = ""
    near_bases: Mapping[str, str] = field(default_factory=dict)
    webhook_url: str = ""
    public_url: str = ""


class ProcessesWorld:
    """
    World over real processes; made by `ProcessesWorld.open`, ended by `close`.
    """

    name = "processes"
    moment_s = 0.002
    kills_max = 100
    moves = frozenset({Move.KILL_GATEWAY, Move.RESTART_GATEWAY, Move.ADVANCE})

    def __init__(self, plan: ProcessesPlan, *, supervisor: Supervisor, clock: Clock) -> None:
        self.plan = plan
        self.supervisor = supervisor
        self.clock = clock
        self.ids = plan.ids
        self.urls: dict[str, str] = {}
        # Where each provider listens, without a path.
        self.bases: dict[str, str] = {}
        # What the simulator said when it was ready.
        self.simulator: Mapping[str, Any] = {}
        self._parts = _Parts()
        self._app = _app(plan.home)
        # A sandbox may be audited by another process while it runs.
        heard = plan.run_dir / WEBHOOKS_FILE if plan.keep_alive else None
        self.sink = MerchantSink(self._app["webhook_secret"], clock=clock, file=heard)
        self.control: SimulatorControl
        self.gateway: ReferenceGateway
        self._look: aiohttp.ClientSession | None = None
        self.links = Links(clock)
        self.nemesis = Moves(self.name, {})

    @classmethod
    async def open(cls, plan: ProcessesPlan, *, clock: Clock | None = None) -> Self:
        """
        Start everything, and come back when the gateway is ready.

        Raises:
            ServerStartError: a server did not start; what was started is stopped again.
        """
        chosen = clock if clock is not None else SystemClock()
        supervisor = Supervisor(plan.run_dir / "logs", clock=chosen, on_event=plan.on_event)
        world = cls(plan, supervisor=supervisor, clock=chosen)
        try:
            await world._start()
        except BaseExceptionGroup as group:
            await world.close()
            # Servers start side by side; the first of ours that failed is the one to tell of.
            raise _first(group) or group from group
        except BaseException:
            await world.close()
            raise
        return world

    @property
    def servers(self) -> tuple[str, ...]:
        """
        What was started, in words for people.
        """
        own = self._parts.database_process is None
        database = "PostgreSQL (your own)" if own else "PostgreSQL"
        redis = {"external": "Redis (your own)", "fakeredis": "fakeredis"}.get(self._parts.redis_kind, "Redis")
        gateway = () if self.plan.gateway is None else ("gateway",)
        return (database, redis, "providers' simulator", *gateway)

    async def advance(self, seconds: float) -> None:
        await self.control.advance(seconds)

    async def settle(self, *, patience_s: float) -> bool:
        """
        Walk the providers' ladders to their ends and wait until the gateway has no work left.

        The schedule jumps; the gateway's own time is real, so its retries are waited for.
        """
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    reading = await self.control.advance(LADDER_S, until_idle=True)
                    idle = await self._gateway_idle()
                    if idle and reading.pending == 0:
                        return True
                    await self.clock.sleep(LOOK_S)
        except TimeoutError:
            return False

    async def rest(self, *, patience_s: float) -> None:
        """
        Wait in everybody's own time until the gateway has no work left, or has got none done for so long.

        The schedule does not jump, so what is still to be paid is paid at the time at which the gateway sees it.
        """
        least, waited_s = None, 0.0
        while waited_s < patience_s and (backlog := await self._backlog()) != 0:
            if backlog is not None and (least is None or backlog < least):
                least, waited_s = backlog, 0.0
            await self.clock.sleep(LOOK_S)
            waited_s += LOOK_S

    @property
    def database_url(self) -> str:
        return self._parts.database_url

    def pids(self) -> Mapping[str, tuple[int, ...]]:
        """
        The processes of each group that we started: gateway, providers, database, redis.
        """
        named = {
            "gateway": self.instances,
            "providers": ("simulator",),
            "database": (self._parts.database_process,),
            "redis": (self._parts.redis_process,),
        }
        started = {group: [name for name in names if name is not None] for group, names in named.items()}
        return {group: tuple(self.supervisor[name].pid for name in names) for group, names in started.items() if names}

    @property
    def instances(self) -> tuple[str, ...]:
        """
        The supervised names of the gateways.
        """
        more = (f"gateway-{number}" for number in range(2, self.plan.instances + 1))
        return () if self.plan.gateway is None else ("gateway", *more)

    async def kill_gateway(self) -> None:
        await asyncio.gather(*(self.supervisor.kill(name) for name in self.instances))

    async def restart_gateway(self) -> None:
        await asyncio.gather(*(self.supervisor.restart(name) for name in self.instances))

    async def close(self) -> None:
        for closing in (getattr(self, "gateway", None), getattr(self, "control", None), self._look):
            if closing is not None:
                await closing.close()
        if self.plan.passing:
            await self._end_gateways()
        await self.supervisor.stop()
        await self.links.close()
        await self.sink.stop()

    async def _end_gateways(self) -> None:
        for name in self.instances:
            # One that never started is not there.
            with contextlib.suppress(UnknownProcessError):
                await self.supervisor.kill(name, stay=True)

    async def _start(self) -> None:
        plan = self.plan
        if plan.launcher is not None:
            self._parts.launcher = await plan.launcher(self.supervisor)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start_simulator())
            # A simulator for somebody else's gateway needs no more than itself.
            if plan.gateway is not None:
                group.create_task(self._start_stores())
                group.create_task(self.sink.start())
        self.control = SimulatorControl(
            self._parts.control_url, token=plan.simulator_env.get("PAYPROOF_PROVIDERS_CONTROL_TOKEN")
        )
        providers = (await self.control.info())["providers"]
        self.bases = {name: str(said["url"]) for name, said in providers.items()}
        self.urls = {name: str(said["gateway_url"]) for name, said in providers.items()}
        self.urls["control"] = self._parts.control_url
        if plan.gateway is not None:
            await self._wire()
            await self._start_gateway(plan.gateway)
        self.nemesis = Moves(self.name, self._moves())

    async def _start_stores(self) -> None:
        home, plan = self.plan.home, self.plan
        async with asyncio.TaskGroup() as group:
            database = group.create_task(
                provide_postgres(self.supervisor, home.postgres, url=plan.database_url, durable=not plan.passing)
            )
            redis = group.create_task(
                provide_redis(
                    self.supervisor, home.redis, url=plan.redis_url, env=child_environment(), notice=plan.notice
                )
            )
        self._parts.database_url = url = database.result().url
        if plan.passing and database.result().process is not None:
            self._parts.database_url = await fresh_database(url)
        self._parts.database_process = database.result().process
        self._parts.redis_url = redis.result().url
        self._parts.redis_kind = redis.result().kind
        self._parts.redis_process = redis.result().process

    async def _wire(self) -> None:
        """
        Say where the gateway finds everything, through links where the plan wants them.
        """
        parts = self._parts
        parts.near_database_url, parts.near_redis_url = parts.database_url, parts.redis_url
        parts.near_bases, parts.webhook_url = self.bases, self.sink.url
        if not self.plan.proxied:
            return
        parts.near_bases = await self.links.open_vendors(self.bases)
        parts.webhook_url = await self.links.open_url(Link.TO_PLATFORM, self.sink.url)
        # Where the gateway listens is known once it does.
        parts.public_url = f"http://{HOST}:{(await self.links.open(Link.NOTIFIES, Address())).port}"
        if parts.database_process is not None:
            near = self._near_folder("pg-near")
            far = socket_in(sockets_of(parts.database_url))
            await self.links.open(Link.TO_POSTGRES, Address(path=far), listen=socket_in(near))
            parts.near_database_url = parts.database_url.replace(str(far.parent), str(near))
        if parts.redis_process is not None:
            parts.near_redis_url = await self._redis_link(parts.redis_url)

    async def _redis_link(self, url: str) -> str:
        if not url.startswith("unix://"):
            return await self.links.open_url(Link.TO_REDIS, url)
        near = self._near_folder("redis-near") / "redis.sock"
        await self.links.open(Link.TO_REDIS, Address(path=Path(url.removeprefix("unix://"))), listen=near)
        return f"unix://{near}"

    def _near_folder(self, purpose: str) -> Path:
        folder = given_folder(socket_folder(purpose, self.plan.home.folder), None)
        self.supervisor.at_stop(lambda: drop_folder(folder))
        return folder

    def _moves(self) -> Mapping[str, Do]:
        parts = self._parts
        made = ProcessMoves(
            supervisor=self.supervisor,
            gateways=self.instances,
            control=self.control,
            links=self.links,
            database=parts.database_process,
            redis=parts.redis_process,
            redis_url=parts.redis_url,
        )
        return made.moves()

    async def _start_simulator(self) -> None:
        home, strict = self.plan.home, self.plan.strict_ports
        values = {
            **self.plan.simulator_env,
            **{port_variable(name): str(home.port(name, strict=strict)) for name in PROVIDERS},
            "PAYPROOF_PROVIDERS_CONTROL_PORT": str(home.port("control", strict=strict)),
            "PAYPROOF_PROVIDERS_CREDENTIALS_DIR": str(home.credentials),
            "PAYPROOF_PROVIDERS_WORKERS": str(self.plan.simulators),
            "PAYPROOF_PROVIDERS_SEED": str(self.ids.seed),
            "PAYPROOF_PROVIDERS_JOURNAL_FILE": str(self.plan.run_dir / "wire.ndjson"),
            "PAYPROOF_PROVIDERS_PLAN_FILE": str(self.plan.run_dir / "plan.yaml"),
        }
        if self.plan.faults is not None:
            values["PAYPROOF_PROVIDERS_FAULTS_FILE"] = str(self.plan.faults)
        env = child_environment(**values)
        launcher = self._parts.launcher if self.plan.fork_simulator else None
        process = await self.supervisor.start(self._spec(SIMULATOR_NAME, SIMULATOR, env), launcher=launcher)
        self.simulator = process.ready
        self._parts.control_url = str(process.ready["control_url"])

    async def _start_gateway(self, program: PythonMain) -> None:
        port = self.plan.home.port("gateway", strict=self.plan.strict_ports)
        env = child_environment(**{**self._gateway_values(port), **self.plan.gateway_env})
        async with asyncio.TaskGroup() as group:
            started = [
                group.create_task(self.supervisor.start(self._spec(name, program, env), launcher=self._parts.launcher))
                for name in self.instances
            ]
        url = str(started[0].result().ready["url"])
        self.urls["gateway"] = url
        if self.plan.proxied:
            self.links.lead(Link.NOTIFIES, Address(port=int(url.rpartition(":")[2])))
        merchant = MerchantApp(app_id=self._app["app_id"], secret=self._app["secret"])
        self.gateway = ReferenceGateway(url, app=merchant, clock=self.clock, ids=self.ids, retry=self.plan.retry)

    def _spec(self, name: str, program: PythonMain, env: Mapping[str, str]) -> ProcessSpec:
        return ProcessSpec(
            name=name, run=program, env=env, restart=self.plan.keep_alive, comeback_attempts=COMEBACK_ATTEMPTS
        )

    def _gateway_values(self, port: int) -> dict[str, str]:
        parts = self._parts
        told = gateway_values(self.plan.home.credentials, parts.near_bases, merchants=self.plan.simulators)
        several = {"GATEWAY_REUSE_PORT": "true", "GATEWAY_OPS_PORT": "0"} if self.plan.instances > 1 else {}
        return {
            **several,
            **{f"GATEWAY_{name.upper()}": value for name, value in told.items()},
            "GATEWAY_PORT": str(port),
            "GATEWAY_PUBLIC_URL": parts.public_url,
            "GATEWAY_DATABASE_URL": parts.near_database_url,
            "GATEWAY_REDIS_URL": parts.near_redis_url,
            # A run is over in seconds: what is unknown is asked about soon, then at the usual, widening distances.
            "GATEWAY_POLL_LADDER_S": "[0.2, 0.4, 0.8, 1.5, 3, 5, 10, 20, 40, 80, 160, 320, 600]",
            # The simulator knows of a refund at once, so nothing is gained by the ten seconds that the vendor wants.
            "GATEWAY_REFUND_CONFIRM_AFTER_S": "0.2",
            "GATEWAY_APPS_FILE": str(_write_apps(self.plan.home, self._app, webhook_url=parts.webhook_url)),
        }

    async def _gateway_idle(self) -> bool:
        """
        Whether the reference gateway says that no work is left; a gateway that is down is not idle.
        """
        return await self._backlog() == 0

    async def _backlog(self) -> int | None:
        """
        How much work the reference gateway says is left; None when it says nothing.
        """
        if self._look is None:
            self._look = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        try:
            async with self._look.get(f"{self.urls['gateway']}/readyz") as answer:
                body: Mapping[str, Any] = orjson.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError):
            return None
        backlog = body.get("backlog")
        return backlog if answer.status == 200 and isinstance(backlog, int) else None


def port_variable(provider: str) -> str:
    """
    What tells the simulator where that provider is to listen.
    """
    return f"PAYPROOF_PROVIDERS_{provider.upper()}_PORT"


def _first(group: BaseExceptionGroup[BaseException]) -> HarnessError | None:
    """
    The first failure of ours in a group, however deep it lies.
    """
    for error in group.exceptions:
        found = _first(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, HarnessError):
            return found
    return None


def _app(home: Home) -> dict[str, str]:
    """
    The live platform's app: its secrets are made once for each home, and kept.
    """
    path = home.folder / "gateway" / "apps.json"
    with contextlib.suppress(FileNotFoundError):
        kept: list[dict[str, str]] = orjson.loads(path.read_bytes())
        return kept[0]
    return {"app_id": "live", "secret": secrets.token_hex(32), "webhook_secret": secrets.token_hex(32)}


def _write_apps(home: Home, app: Mapping[str, str], *, webhook_url: str) -> Path:
    path = home.folder / "gateway" / "apps.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_suffix(".new")
    half.touch(mode=0o600)
    half.write_bytes(orjson.dumps([{**app, "webhook_url": webhook_url}]))
    half.replace(path)
    return path
