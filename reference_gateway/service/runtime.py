"""
What every use case works with: the collaborators, the rules of time, the bells that wake the workers.

Built once by the composition root; holds no state of any payment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from reference_gateway.apps import App
from reference_gateway.channels.port import ChannelPort
from reference_gateway.clock import Clock
from reference_gateway.crash import CrashPoint
from reference_gateway.domain.notice import NoticePolicy
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import changed
from reference_gateway.domain.records import OutboxRow
from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.errors import BadRequest
from reference_gateway.ids import Ids
from reference_gateway.metrics import Metrics
from reference_gateway.service.capacity.limits import Limits
from reference_gateway.service.capacity.pressure import USUAL_BOUNDS, Bounds, Pressure
from reference_gateway.service.capacity.spread import Alone, Instances, Spread
from reference_gateway.service.capacity.turns import Turns
from reference_gateway.service.orders.effects import OrderEffects
from reference_gateway.service.unit_of_work import UnitOfWork, UnitOfWorkFactory
from reference_gateway.webhooks import WebhookSender

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Rules:
    """Spans of time, in seconds."""

    sync_wait_s: float
    order_ttl_s: int
    channel_timeout_s: float
    poll_ladder_s: tuple[float, ...]
    webhook_retry_s: tuple[float, ...]
    lease_s: float
    refund_confirm_after_s: float
    close_grace_s: float = 60.0
    barcode_wait_s: int = 45
    barcode_poll_s: float = 4.0
    hold_ttl_s: int = 604_800
    bounds: Bounds = USUAL_BOUNDS
    admits_only: bool = False
    advised_ladders_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def poll_at(self, now: datetime, rung: int) -> datetime:
        """When the channel is asked again, standing on *rung* of the ladder."""
        return now + timedelta(seconds=self.poll_ladder_s[min(rung, len(self.poll_ladder_s) - 1)])

    def unknown_at(self, now: datetime, rung: int, *, channel: str) -> datetime:
        """When *channel* is asked again about an outcome that nobody knows: as its vendor advises, if it does."""
        ladder = self._unknown_ladder_s(channel)
        return now + timedelta(seconds=ladder[min(rung, len(ladder) - 1)])

    def _unknown_ladder_s(self, channel: str) -> tuple[float, ...]:
        """The advice, then the wider rungs of the general ladder: what is unknown is asked about until it is known."""
        advised = self.advised_ladders_s.get(channel)
        if advised is None:
            return self.poll_ladder_s
        return (*advised, *(rung_s for rung_s in self.poll_ladder_s if rung_s > advised[-1]))

    def next_poll_at(self, payment: Payment, now: datetime) -> datetime:
        """When the channel is asked about *payment* again; a buyer who types a password is watched closely."""
        if payment.product == "barcode" and now < payment.expires_at:
            return now + timedelta(seconds=self.barcode_poll_s)
        if payment.attempt in (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN):
            return self.unknown_at(now, payment.poll_rung, channel=payment.channel)
        return self.poll_at(now, payment.poll_rung)

    def ttl_s(self, product: str, *, hold: bool) -> int:
        """How long a payment waits for its buyer."""
        if hold:
            return self.hold_ttl_s
        return min(self.order_ttl_s, self.barcode_wait_s) if product == "barcode" else self.order_ttl_s

    def first_poll_at(self, now: datetime, *, channel: str) -> datetime:
        """When to ask about a call that never came back: after its own time is over; at once where others call."""
        if self.admits_only:
            return now
        return now + timedelta(
            seconds=self.channel_timeout_s + self.advised_ladders_s.get(channel, self.poll_ladder_s)[0]
        )

    def webhook_at(self, now: datetime, attempts: int) -> datetime:
        """When to send again after *attempts* deliveries failed."""
        return now + timedelta(seconds=self.webhook_retry_s[min(attempts, len(self.webhook_retry_s)) - 1])


class Bell:
    """Wakes one worker; ringing before it sleeps is not lost. Rings *others* along."""

    def __init__(self, *others: Bell) -> None:
        self._event = asyncio.Event()
        self._others = others
        self._wakes_at: datetime | None = None

    def ring(self, due_at: datetime | None = None) -> None:
        """
        Wake the worker for work that is there, or that is due at *due_at*: who is up by then anyway sleeps on.

        Every order is due some day, and under load a worker that looked at each of these days would do nothing else.
        """
        if due_at is not None and self._wakes_at is not None and self._wakes_at <= due_at:
            return
        self._event.set()
        for other in self._others:
            other.ring()

    @property
    def rung(self) -> bool:
        return self._event.is_set()

    def silence(self) -> None:
        self._event.clear()

    async def wait(self, seconds: float | None, *, wakes_at: datetime | None = None) -> None:
        """Sleep until rung, or for *seconds* of the loop's time, which are over at *wakes_at*."""
        self._wakes_at = wakes_at
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._wakes_at = None


class Background:
    """Tasks that outlive the request that began them: channel calls that the caller stopped waiting for."""

    def __init__(self, pulse: Bell) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pulse = pulse

    def spawn(self, work: Coroutine[Any, Any, ResultT], name: str) -> asyncio.Task[ResultT]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    async def drain(self) -> None:
        """Wait until every task has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def abort(self) -> None:
        """Cancel every task, as a crash would."""
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            task.get_loop().call_exception_handler(
                {"message": "background work failed", "exception": task.exception(), "task": task}
            )
        self._pulse.ring()


@dataclass(slots=True)
class Runtime:
    """The collaborators; `public_url` is known once the server listens."""

    units: UnitOfWorkFactory
    channels: Mapping[str, ChannelPort]
    clock: Clock
    ids: Ids
    policy: NoticePolicy
    crash_point: CrashPoint
    webhooks: WebhookSender
    apps: Mapping[str, App]
    rules: Rules
    effects: OrderEffects
    metrics: Metrics = field(default_factory=Metrics)
    limits: Limits | None = None
    instance: str = "alone"
    instances: Instances = field(default_factory=Alone)
    public_url: str = ""
    polls_bell: Bell = field(default_factory=Bell)
    refunds_bell: Bell = field(default_factory=Bell)
    ends_bell: Bell = field(default_factory=Bell)
    stream_bell: Bell = field(default_factory=Bell)
    outbox_bell: Bell = field(init=False)
    feed_bell: Bell = field(default_factory=Bell)
    committed_bell: Bell = field(default_factory=Bell)
    packets_bell: Bell = field(default_factory=Bell)
    payouts_bell: Bell = field(default_factory=Bell)
    pulse: Bell = field(default_factory=Bell)
    turns: Turns = field(default_factory=Turns)
    background: Background = field(init=False)
    pressure: Pressure = field(init=False)
    spread: Spread = field(init=False)

    def __post_init__(self) -> None:
        self.background = Background(self.pulse)
        self.outbox_bell = Bell(self.stream_bell, self.feed_bell, self.committed_bell)
        self.pressure = Pressure(self.rules.bounds, self.metrics)
        self.spread = Spread(self.instance, self.instances, load=self._load, clock=self.clock, metrics=self.metrics)

    def _load(self) -> float:
        return self.pressure.load

    def channel(self, name: str) -> ChannelPort:
        """Return the channel called *name*, or refuse the request that asked for it."""
        if name not in self.channels:
            raise BadRequest(f"no channel is called {name!r}", code="unknown_channel")
        return self.channels[name]

    def notify_url(self, channel: str) -> str:
        return f"{self.public_url}/notify/{channel}"

    async def tell(self, unit: UnitOfWork, events: Sequence[OutboxRow]) -> None:
        """Put *events* in the outbox; where an app is sent none, none waits to be sent."""
        await unit.add_outbox([event if self._is_sent(event) else changed(event, due_at=None) for event in events])

    def _is_sent(self, event: OutboxRow) -> bool:
        """Tell whether it waits for its app; whoever is not known now may be known again tomorrow."""
        app = self.apps.get(event.app_id)
        return app is None or self.webhooks.wants(app)

    def lease_until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.rules.lease_s)
