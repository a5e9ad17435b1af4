"""
The world of one process: simulator, gateway and sink on one virtual loop, over real loopback sockets.

One of the two doors of the harness to the other rooms. Time is the loop's, so a ladder of 25 hours passes in
milliseconds; the gateway's store is in memory and survives its restarts, and where statements interleave is drawn.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self

from harness.control import SimulatorControl, refused_by
from harness.ids import Ids
from harness.sut.contract import Payment, Posting
from harness.sut.reference import MerchantApp, ReferenceGateway
from harness.sut.sink import MerchantSink
from harness.world.base import IN_PROCESS, Glance, Move
from harness.world.gateway_values import gateway_values
from harness.world.links import Links
from harness.world.near import NearGateway
from harness.world.nemesis import Deed, Link, Moves, gateway_moves
from harness.world.proxy import HOST, Address
from harness.world.virtual_clock import VirtualClock
from harness.world.virtual_loop import settle
from mock_providers.app import Simulator
from mock_providers.app import build as build_simulator
from mock_providers.settings import ProvidersSettings
from reference_gateway import Gateway, GatewaySettings, Parts
from reference_gateway import build as build_gateway
from reference_gateway.apps import App
from reference_gateway.domain.payment import Payment as Kept
from reference_gateway.domain.records import LedgerLine, app_account
from reference_gateway.domain.transitions import PaymentStatus
from reference_gateway.ids import SeededIds
from reference_gateway.store.memory_unit_of_work import MemoryStore, SchedulingPoint, one_turn

# Where every world begins: a Monday noon in Beijing, far from a change of day.
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
# A settling world is looked at again after this long, in its own time, then after twice as long, and so on.
FIRST_LOOK_S, LONGEST_LOOK_S = 1.0, 3_600.0
# Where the control API is near, connections of notifies are kept for so long: a fresh one costs more than the notify.
KEPT_S = 1.0
APP = "live"
SECRET = "in-process-merchant-secret"  # noqa: S105 - it protects a server that lives for a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcessPlan:
    """
    What to put together.

    Args:
        credentials: the folder of keys; made at the first use, best shared by many worlds.
        faults: a profile's YAML file; calm without one.
        parts: collaborators of the gateway to replace; this is how a bug is planted.
        scheduling_point: how many turns the loop takes at each statement of the store.
        proxied: put a link that can be cut between the gateway and the others.
        run_dir: takes the journal and the faults as drawn; None keeps neither.
        settings: of the gateway, instead of the usual ones.
        near: the control API is asked without a connection, and the gateway by a lean client, over kept connections;
            what is on trial speaks over sockets all the same.
    """

    credentials: Path
    ids: Ids
    faults: Path | None = None
    parts: Parts = field(default_factory=Parts)
    scheduling_point: SchedulingPoint = one_turn
    proxied: bool = False
    run_dir: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    near: bool = False


class InProcessWorld:
    """
    World on one VirtualLoop; made by `InProcessWorld.open`, ended by `close`.
    """

    name = IN_PROCESS
    moment_s = 0.0
    kills_max = 100
    moves = frozenset({Move.KILL_GATEWAY, Move.RESTART_GATEWAY, Move.ADVANCE})

    def __init__(self, plan: InProcessPlan, *, clock: VirtualClock) -> None:
        self.plan = plan
        self.clock = clock
        self.ids = plan.ids
        self.store = MemoryStore(plan.scheduling_point)
        self.simulator = build_simulator(
            _simulator_settings(plan.credentials).model_copy(
                update={
                    "seed": plan.ids.seed,
                    "notify_keep_alive_s": KEPT_S if plan.near else 0.0,
                    "faults_file": plan.faults,
                    "journal_file": None if plan.run_dir is None else plan.run_dir / "wire.ndjson",
                    "plan_file": None if plan.run_dir is None else plan.run_dir / "plan.yaml",
                }
            ),
            clock=clock,
        )
        self.sink = MerchantSink(SECRET, clock=clock)
        self.control: SimulatorControl
        self.gateway: ReferenceGateway
        self._running: Gateway | None = None
        self._gateway_ids = SeededIds(plan.ids.seed)
        self._gateway_clock = VirtualClock(NOON)
        self._port = 0
        self._links = Links(clock)
        self._urls: Mapping[str, str] = {}
        self._public_url = ""
        self._webhook_url = ""
        self.nemesis = Moves(self.name, {})
        self._shown: dict[str, tuple[Kept, int, Payment]] = {}

    @classmethod
    async def open(cls, plan: InProcessPlan) -> Self:
        """
        Start simulator, sink and gateway on the running loop, which must be a VirtualLoop.
        """
        world = cls(plan, clock=VirtualClock(NOON))
        try:
            await world.simulator.start()
            await world.sink.start()
            await world._wire()
            await world._start_gateway()
        except BaseException:
            await world.close()
            raise
        url = world.simulator.control_url
        world.control = NearControl(url, simulator=world.simulator) if plan.near else SimulatorControl(url)
        app = MerchantApp(app_id=APP, secret=SECRET)
        driver = NearGateway if plan.near else ReferenceGateway
        world.gateway = driver(world._gateway().url, app=app, clock=world.clock, ids=plan.ids)
        return world

    async def advance(self, seconds: float) -> None:
        """
        All clocks are one here: the ladders, the gateway's polling and the stamps move together.
        """
        await self.clock.sleep(seconds)
        await settle()

    async def settle(self, *, patience_s: float) -> bool:
        look_s = FIRST_LOOK_S
        try:
            async with asyncio.timeout(patience_s):
                while not await self._quiet():
                    await self.clock.sleep(look_s)
                    look_s = min(2 * look_s, LONGEST_LOOK_S)
                return True
        except TimeoutError:
            return False

    def glance(self) -> Glance:
        """
        What the gateway's store holds and which notifies were acknowledged, read where they lie: any question about a
        step of a story would cost more than the step.
        """
        state = self.store.state
        payments = {}
        for kept in state.payments.values():
            lines = state.lines.get(kept.id, ())
            known = self._shown.get(kept.id)
            if known is None or known[0] is not kept or known[1] != len(lines):
                known = self._shown[kept.id] = kept, len(lines), _shown(kept, lines)
            payments[kept.merchant_order_no] = known[2]
        acked = frozenset(self.simulator.notifier.acknowledged("payment"))
        return Glance(payments=payments, acked=acked, exchanges=self.simulator.journal.last)

    async def kill_gateway(self) -> None:
        running, self._running = self._gateway(), None
        await running.abort()

    async def restart_gateway(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            await running.stop()
        await self._start_gateway()

    async def close(self) -> None:
        for closing in (getattr(self, "gateway", None), getattr(self, "control", None)):
            if closing is not None:
                await closing.close()
        if self._running is not None:
            await self._running.abort()
            self._running = None
        await self._links.close()
        await self.simulator.stop()
        await self.sink.stop()

    async def _wire(self) -> None:
        """
        Say where everything is reached, through links where the plan wants them.
        """
        self._urls, self._webhook_url = self.simulator.urls, self.sink.url
        if self.plan.proxied:
            self._urls = await self._links.open_vendors(self.simulator.urls)
            self._webhook_url = await self._links.open_url(Link.TO_PLATFORM, self.sink.url)
            # Where the gateway listens is known once it does.
            address = await self._links.open(Link.NOTIFIES, Address())
            self._public_url = f"http://{HOST}:{address.port}"
        moves = gateway_moves(self.moves, kill=self.kill_gateway, restart=self.restart_gateway)
        self.nemesis = Moves(self.name, {**moves, **self._links.moves(), "clock gateway": self._set_clock_off})

    async def _set_clock_off(self, deed: Deed) -> None:
        """
        The gateway's stamps are wrong; its timers, which count spans, are not.
        """
        self._gateway_clock.skew = timedelta(seconds=deed.how["by_s"])

    def _gateway(self) -> Gateway:
        assert self._running is not None, "the gateway was killed and not started again"
        return self._running

    async def _quiet(self) -> bool:
        """
        Nothing is on its way to the gateway, and the gateway has nothing left to do: not even an order to end that its
        merchant wants ended, for which it may wait long where time is dear.
        """
        await settle()
        if (await self.control.clock()).pending or self._running is None:
            return False
        kept = self.store.state.payments.values()
        if any(one.end_event is not None and one.status is PaymentStatus.PENDING for one in kept):
            return False
        return await self._running.backlog() == 0

    async def _start_gateway(self) -> None:
        app = App(app_id=APP, secret=SECRET, webhook_url=self._webhook_url, webhook_secret=SECRET)
        defaults: Parts = {
            "clock": self._gateway_clock,
            "ids": self._gateway_ids,
            "unit_of_work": self.store,
            "apps": {app.app_id: app},
        }
        settings = gateway_settings(
            self.plan.credentials,
            urls=self._urls,
            port=self._port,
            public_url=self._public_url,
            **self.plan.settings,
        )
        parts = defaults | self.plan.parts
        self._running = build_gateway(settings, **parts)
        await self._running.start()
        # A gateway that comes back is where it was.
        self._port = int(self._running.url.rpartition(":")[2])
        if self.plan.proxied:
            self._links.lead(Link.NOTIFIES, Address(port=self._port))


class NearControl(SimulatorControl):
    """
    The control API of a simulator in this process: the same questions and answers, and no connection between them.
    """

    def __init__(self, url: str, *, simulator: Simulator) -> None:
        super().__init__(url)
        self._simulator = simulator

    async def _raw(
        self, method: str, path: str, *, data: bytes | None = None, query: Mapping[str, Any] | None = None
    ) -> bytes:
        asked = {name: str(value) for name, value in (query or {}).items() if value is not None}
        status, body = await self._simulator.ask(method, path, query=asked, body=data or b"")
        return body if status < 400 else refused_by(method, path, status=status, body=body)


def gateway_settings(
    credentials: Path, *, urls: Mapping[str, str], port: int = 0, public_url: str = "", **more: Any
) -> GatewaySettings:
    """
    The reference gateway's settings against a simulator of this process.

    Args:
        urls: where each provider is reached, without a path.
        public_url: where the gateway wants its notifies; its own address by default.
    """
    if more:
        values: dict[str, Any] = dict(gateway_values(credentials, urls)) | more
        values |= {"port": port, "public_url": public_url}
        return GatewaySettings(database_url="memory:", apps_file=Path("unused"), **values)
    template, names = _template(credentials, tuple(sorted(urls)))
    moved = {name: _at(text, urls) for name, text in names.items()}
    return template.model_copy(update={**moved, "port": port, "public_url": public_url})


@cache
def _simulator_settings(credentials: Path) -> ProvidersSettings:
    return ProvidersSettings(credentials_dir=credentials)


@cache
def _template(credentials: Path, providers: tuple[str, ...]) -> tuple[GatewaySettings, Mapping[str, str]]:
    """
    Settings that were checked once, and those of them that name a provider's address: to read and check them all again
    takes longer than to start a world.
    """
    values: dict[str, Any] = dict(gateway_values(credentials, {name: _placeholder(name) for name in providers}))
    settings = GatewaySettings(database_url="memory:", apps_file=Path("unused"), **values)
    return settings, {name: text for name, text in values.items() if name.endswith("_url")}


def _placeholder(provider: str) -> str:
    return f"http://{provider}.invalid"


def _at(text: str, urls: Mapping[str, str]) -> str:
    for provider, url in urls.items():
        text = text.replace(_placeholder(provider), url)
    return text


def _shown(kept: Kept, lines: Sequence[LedgerLine]) -> Payment:
    own = [line for line in lines if line.account == app_account(APP)]
    return Payment(
        id=kept.id,
        merchant_order_no=kept.merchant_order_no,
        out_trade_no=kept.channel_no,
        channel=kept.channel,
        amount_fen=kept.amount_fen,
        status=kept.status.value,
        refund_status=kept.refund_status,
        refunded_fen=kept.refunded_fen,
        channel_trade_no=kept.channel_trade_no,
        credits=_postings(own, "payment"),
        debits=_postings(own, "refund"),
    )


def _postings(lines: Sequence[LedgerLine], kind: str) -> tuple[Posting, ...]:
    return tuple(
        Posting(entry_id=str(line.entry_id), amount_fen=abs(line.amount_fen)) for line in lines if line.kind == kind
    )
