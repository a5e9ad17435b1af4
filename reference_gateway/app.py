"""
The composition root: the only place that knows every collaborator by its class.

`build` wires a gateway from settings; each entry of `Parts` replaces one collaborator, which is how worlds bring their
clock and store, and how a planted bug is planted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Protocol, TypedDict, TypeVar, Unpack

from aiohttp import web
from aiohttp.typedefs import Middleware

from reference_gateway.apps import App, load_apps
from reference_gateway.chance import Rng, SystemRng
from reference_gateway.channels.alipay.signing import NotifyVerifier
from reference_gateway.channels.port import ChannelPort
from reference_gateway.channels.registry import ADVISED_LADDERS_S, channels_for
from reference_gateway.channels.wallet import WalletChannel
from reference_gateway.clock import Clock, SystemClock
from reference_gateway.crash import CrashPoint, crash_point_from
from reference_gateway.domain.accounts import WALLET, standing_accounts
from reference_gateway.domain.notice import HonestNoticePolicy, NoticePolicy
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.door import open_door
from reference_gateway.http.lifecycle_api import LifecycleApi
from reference_gateway.http.measured import measured
from reference_gateway.http.merchant_api import MerchantApi
from reference_gateway.http.notify_api import NotifyApi
from reference_gateway.http.ops_api import OpsApi
from reference_gateway.http.problems import problems
from reference_gateway.http.reconciliation_api import ReconciliationApi
from reference_gateway.http.routing_api import RoutingApi
from reference_gateway.ids import Ids, RandomIds
from reference_gateway.live_rooms import LiveRooms, limits_for
from reference_gateway.operations import Operations
from reference_gateway.routing_parts import breaker_rules, daily_rule, router_for
from reference_gateway.service.capacity.circuits import Circuits
from reference_gateway.service.capacity.guarded_channel import GuardedChannel
from reference_gateway.service.capacity.pressure import Bounds
from reference_gateway.service.live.effects import LiveEffects
from reference_gateway.service.live.wallet_pay import wallet_payments
from reference_gateway.service.nonces import Nonces, SqlNonces
from reference_gateway.service.orders.book_reversal import BookReversal
from reference_gateway.service.orders.capture_payment import CapturePayment
from reference_gateway.service.orders.create_payment import CreatePayment, admissions
from reference_gateway.service.orders.effects import AllEffects, OrderEffects
from reference_gateway.service.orders.end_payment import EndPayment
from reference_gateway.service.orders.end_trade import EndTrade
from reference_gateway.service.orders.fulfil_order import FulfilOrder
from reference_gateway.service.orders.handle_notify import HandleNotify
from reference_gateway.service.orders.open_payment import OpenPayment
from reference_gateway.service.orders.progress import progress_commits
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.orders.refund_payment import RefundPayment
from reference_gateway.service.orders.route_payment import Router
from reference_gateway.service.orders.settle import settlements
from reference_gateway.service.outbox.relay_outbox import relay
from reference_gateway.service.outbox.relay_stream import EventStream
from reference_gateway.service.reconciling.reconcile import Reconcile
from reference_gateway.service.reconciling.reconciler import Reconciler
from reference_gateway.service.reconciling.repair import Repair
from reference_gateway.service.runtime import Rules, Runtime
from reference_gateway.service.unit_of_work import UnitOfWorkFactory
from reference_gateway.service.workers import Worker, closer, folder, poller, refunder
from reference_gateway.settings import MEMORY_URL, GatewaySettings
from reference_gateway.store.memory_unit_of_work import MemoryStore, SchedulingPoint, one_turn
from reference_gateway.store.redis_nonces import RedisNonces
from reference_gateway.store.sql_store import SqlStore
from reference_gateway.webhooks import HttpWebhookSender, WebhookSender

AT_ONCE_S = 0.001
"""For aiohttp 0 means for ever."""

PartT = TypeVar("PartT")


class Parts(TypedDict, total=False):
    """
    What may be replaced. Whatever is left out is the honest default for the settings.

    clock: wall time and waiting.
    ids: where numbers come from.
    apps: the merchants, instead of `apps_file`.
    unit_of_work: the store; a MemoryStore given here survives the gateway, as a database does.
    scheduling_point: turns of the loop at each statement of the memory store made for `memory:`.
    nonces: where nonces are spent.
    notice_policy: what a verified notice does to the books, and under which ledger key.
    channels: the payment channels by name, instead of all that the registry knows.
    notify_verifier: checks the signature of an Alipay notify: (string to sign, signature) or SignatureRejected.
    crash_point: called with the name of each place where a crash is interesting.
    webhook_sender: brings events to the apps.
    rng: how red packets are split.
    streams: where events go beside the webhooks, instead of the brokers that the settings name.
    effects: what follows when orders move, after the gateway's own.
    around_channels: put around each channel, whatever its name.
    around_store: put around the store, whichever it is.
    around_sender: put around what brings events to the apps.
    middlewares: in front of every handler, between it and what turns errors into answers.
    """

    clock: Clock
    ids: Ids
    apps: Mapping[str, App]
    unit_of_work: UnitOfWorkFactory
    scheduling_point: SchedulingPoint
    nonces: Nonces
    notice_policy: NoticePolicy
    channels: Mapping[str, ChannelPort]
    notify_verifier: NotifyVerifier
    crash_point: CrashPoint
    webhook_sender: WebhookSender
    rng: Rng
    streams: Sequence[EventStream]
    effects: Sequence[OrderEffects]
    around_channels: Callable[[ChannelPort], ChannelPort]
    around_store: Callable[[UnitOfWorkFactory], UnitOfWorkFactory]
    around_sender: Callable[[WebhookSender], WebhookSender]
    middlewares: Sequence[Middleware]


class Openable(Protocol):
    """A collaborator with a beginning and an end."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...


class Gateway:
    """A gateway ready to start; `url` is known once it has."""

    def __init__(
        self,
        settings: GatewaySettings,
        runtime: Runtime,
        *,
        nonces: Nonces,
        operations: Operations,
        router: Router,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        self.settings = settings
        self.runtime = runtime
        self.url = ""
        self._settlements = settlements(runtime)
        self._progress = progress_commits(runtime)
        self._admissions = admissions(runtime)
        self._nonces = nonces
        self._operations = operations
        self._wallet = wallet_payments(runtime)
        opening = OpenPayment(runtime, settlements=self._settlements, progress=self._progress)
        reversal = BookReversal(runtime)
        query = QueryPayment(
            runtime,
            settlements=self._settlements,
            progress=self._progress,
            open_payment=opening,
            reversal=reversal,
        )
        end_trade = EndTrade(runtime, settlements=self._settlements, progress=self._progress, reversal=reversal)
        end = EndPayment(runtime, end_trade)
        refund = RefundPayment(runtime)
        capture = CapturePayment(runtime, settlements=self._settlements, query=query)
        create = CreatePayment(runtime, self._admissions, opening, wallet=self._wallet, router=router)
        gatekeeper = Gatekeeper(runtime.apps, clock=runtime.clock, nonces=nonces)
        self._live = LiveRooms(settings, runtime, gatekeeper, create=create, query=query)
        self._commits = (self._admissions, self._wallet, self._progress, self._settlements, self._live.claims)
        repair = Repair(runtime, settlements=self._settlements, refund=refund)
        reconcile = Reconcile(runtime, repair=repair, router=router)
        own = (poller(runtime, query), closer(runtime, end), refunder(runtime, refund), relay(runtime), folder(runtime))
        does = settings.role == "all"
        self._workers = (*own, *self._live.workers, *self._daily(reconcile)) if does else ()
        self._ops = OpsApi(runtime.units, runtime.metrics, backlog=self.backlog, streams=bool(operations.streams))
        routing = RoutingApi(gatekeeper, runtime.units, query=query, router=router)
        bills = ReconciliationApi(gatekeeper, runtime, reconcile)
        merchant = MerchantApi(
            gatekeeper, runtime.units, pressure=runtime.pressure, create=create, query=query, refund=refund
        )
        lifecycle = LifecycleApi(gatekeeper, runtime.units, end=end, fulfil=FulfilOrder(runtime), capture=capture)
        notify = NotifyApi(runtime, HandleNotify(runtime, self._settlements), networks=settings.notify_networks)
        self._application = web.Application(middlewares=[measured(runtime.metrics), *middlewares])
        apis = (merchant, lifecycle, self._live, routing, bills, notify, self._ops)
        self._application.add_routes([route for api in apis for route in api.routes()])
        self._runner: web.AppRunner | None = None
        self.ops_url = ""
        self._opened = AsyncExitStack()

    def _daily(self, reconcile: Reconcile) -> tuple[Worker, ...]:
        rule = daily_rule(self.settings)
        return () if rule is None else (Reconciler(self.runtime, reconcile, rule).worker(),)

    async def start(self) -> None:
        """Open the store, resume what a crash left, listen."""
        runtime = self.runtime
        async with AsyncExitStack() as opened:
            parts: list[Openable] = [runtime.units, self._nonces, runtime.webhooks]
            for part in parts:
                await part.open()
                opened.push_async_callback(part.close)
            for channel in runtime.channels.values():
                await channel.start()
                opened.push_async_callback(channel.stop)
            await self._resume()
            await self._listen(opened)
            self._opened = opened.pop_all()
        runtime.public_url = self.settings.public_url.rstrip("/") or self.url
        for worker in self._workers:
            worker.start()
        await self._operations.start(runtime)
        await self._live.start()

    async def _listen(self, opened: AsyncExitStack) -> None:
        settings = self.settings
        if settings.ops_port is not None:
            ops = web.Application(middlewares=[problems])
            ops.add_routes(self._ops.own_routes())
            runner = await self._serve(ops, opened)
            await web.TCPSite(runner, settings.host, settings.ops_port).start()
            self.ops_url = _url(runner)
        self._runner = await self._serve(self._application, opened)
        await open_door(self._runner, settings.host, settings.port, reuse_port=settings.reuse_port)
        self.url = _url(self._runner)

    async def _serve(self, application: web.Application, opened: AsyncExitStack) -> web.AppRunner:
        runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=self.settings.drain_s, handle_signals=False
        )
        await runner.setup()
        opened.push_async_callback(runner.cleanup)
        return runner

    async def stop(self) -> None:
        """
        Finish what was begun, then close: requests, channel calls, commits, in this order.

        Readiness turns first, and for `drain_notice_s` everything is still served.
        """
        self._ops.draining = True
        if self.settings.drain_notice_s:
            await self.runtime.clock.sleep(self.settings.drain_notice_s)
        self.runtime.pressure.close()
        self._live.let_go()
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
            await self._runner.cleanup()
        await self.runtime.background.drain()
        await self._operations.stop(self.runtime)
        await self._live.stop()
        for worker in self._workers:
            await worker.stop()
        for commits in self._commits:
            await commits.drain()
        await self._opened.aclose()

    async def abort(self) -> None:
        """End at once as a crash would, within one process: nothing is finished, nothing more is written."""
        for commits in self._commits:
            commits.abort()
        self.runtime.background.abort()
        self._live.let_go()
        await self._operations.stop(self.runtime)
        await self._live.stop()
        for worker in self._workers:
            await worker.stop()
        if self._runner is not None and self._runner.server is not None:
            self._runner.server.pre_shutdown()
            await self._runner.server.shutdown(AT_ONCE_S)
        await self._opened.aclose()

    async def idle(self) -> None:
        """Wait until the outbox is empty and no worker has anything due now."""
        pulse = self.runtime.pulse
        while True:
            pulse.silence()
            if not self._is_busy() and await self._nothing_due() and not self._is_busy():
                return
            await pulse.wait(self.runtime.units.heartbeat_s)

    async def backlog(self) -> int:
        """
        Count what is begun and not finished: events to deliver, refunds without an end, work in hand.

        An order that waits for its buyer is no backlog; one whose question to the channel is due now is.
        """
        async with self.runtime.units() as unit:
            unsent = await unit.outbox_unsent()
            due = await unit.next_due()
        now = self.runtime.clock.now()
        asking = any(at is not None and at <= now for at in (due.polls, due.ends))
        in_hand = max(self.runtime.pressure.taken, self._is_busy())
        return unsent + (due.refunds is not None) + (due.payouts is not None) + asking + in_hand

    def _is_busy(self) -> bool:
        committing = any(commits.busy for commits in self._commits)
        return committing or self.runtime.background.busy or any(worker.busy for worker in self._workers)

    async def _nothing_due(self) -> bool:
        async with self.runtime.units() as unit:
            unsent = await unit.outbox_unsent()
            due = await unit.next_due()
        now = self.runtime.clock.now()
        dues = (due.polls, due.ends, due.refunds, due.packets, due.payouts)
        return not unsent and all(at is None or at > now for at in dues)

    async def _resume(self) -> None:
        runtime = self.runtime
        accounts = standing_accounts(runtime.channels, runtime.apps)
        async with runtime.units() as unit:
            await unit.open_accounts(accounts)
            await unit.commit()
        async with runtime.units() as unit:
            await unit.resume_unfinished(runtime.clock.now())
            await unit.commit()


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def build(settings: GatewaySettings, **parts: Unpack[Parts]) -> Gateway:
    """Wire a gateway; nothing is opened before `start`."""
    clock = parts.get("clock") or SystemClock()
    operations = Operations(settings, clock=clock, streams=parts.get("streams"))
    units = parts.get("around_store", _as_it_is)(
        parts.get("unit_of_work") or _store(settings, parts, publishes=bool(operations.streams))
    )
    channels = parts.get("channels") or channels_for(
        settings, clock=clock, notify_verifier=parts.get("notify_verifier")
    )
    sender = parts.get("webhook_sender") or HttpWebhookSender(clock, timeout_s=settings.webhook_timeout_s)
    around = parts.get("around_channels", _as_it_is)
    circuits = Circuits([*channels, WALLET], clock=clock, rules=breaker_rules(settings))
    guarded = {name: GuardedChannel(around(channel), circuits) for name, channel in channels.items()}
    runtime = Runtime(
        units=units,
        channels={**guarded, WALLET: WalletChannel()},
        clock=clock,
        ids=parts.get("ids") or RandomIds(),
        policy=parts.get("notice_policy") or HonestNoticePolicy(),
        crash_point=parts.get("crash_point") or crash_point_from(settings.crash_point),
        webhooks=parts.get("around_sender", _as_it_is)(sender),
        apps=parts.get("apps") or load_apps(settings.apps_file),
        rules=_rules(settings),
        limits=limits_for(settings, clock),
        effects=AllEffects(()),
        instance=operations.instance,
        instances=operations.instances,
    )
    live = LiveEffects(runtime, rng=parts.get("rng") or SystemRng(), packet_ttl_s=settings.red_packet_ttl_s)
    runtime.effects = AllEffects((live, *parts.get("effects", ())))
    nonces = parts.get("nonces") or _nonces(settings, units, clock)
    router = router_for(settings, runtime.channels, circuits)
    return Gateway(
        settings,
        runtime,
        nonces=nonces,
        operations=operations,
        router=router,
        middlewares=parts.get("middlewares", ()),
    )


def _as_it_is(part: PartT) -> PartT:
    return part


def _rules(settings: GatewaySettings) -> Rules:
    return Rules(
        sync_wait_s=settings.sync_wait_ms / 1000,
        order_ttl_s=settings.order_ttl_s,
        channel_timeout_s=settings.channel_timeout_s,
        poll_ladder_s=settings.poll_ladder_s,
        # A ladder that somebody has set holds for everything.
        advised_ladders_s={} if "poll_ladder_s" in settings.model_fields_set else ADVISED_LADDERS_S,
        refund_confirm_after_s=settings.refund_confirm_after_s,
        barcode_wait_s=settings.barcode_wait_s,
        barcode_poll_s=settings.barcode_poll_s,
        hold_ttl_s=settings.hold_ttl_s,
        webhook_retry_s=settings.webhook_retry_s,
        lease_s=settings.lease_s,
        admits_only=settings.role == "admit",
        bounds=Bounds(
            calls_max=settings.calls_max,
            waited_max=settings.waited_max,
            admitted_max=settings.admitted_max,
            answer_wait_s_max=settings.answer_wait_s_max,
            opening_wait_s_max=settings.opening_wait_s_max,
        ),
    )


def _store(settings: GatewaySettings, parts: Parts, *, publishes: bool) -> UnitOfWorkFactory:
    url = settings.database_url.get_secret_value()
    if url == MEMORY_URL:
        return MemoryStore(parts.get("scheduling_point") or one_turn)
    return SqlStore(url, pool_size=settings.database_pool, publishes=publishes)


def _nonces(settings: GatewaySettings, units: UnitOfWorkFactory, clock: Clock) -> Nonces:
    truth = SqlNonces(units, clock)
    return RedisNonces(settings.redis_url, truth) if settings.redis_url else truth
