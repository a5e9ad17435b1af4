"""
Background work: each worker does what is due, then sleeps until something is, or until its bell rings.

Work is claimed in the store by lease, so several gateways share it and a dead one's share comes back. Losing the store
puts a worker to sleep for a moment, never to death; one that dies of a mistake is replaced. What the work is stands in
the other use cases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from reference_gateway.domain.due import NextDue
from reference_gateway.errors import GatewayError
from reference_gateway.pace import Pace
from reference_gateway.service.orders.end_payment import EndPayment
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.orders.refund_payment import RefundPayment
from reference_gateway.service.runtime import Bell, Runtime

CLAIM_MAX = 64
STORE_AWAY_S = 0.5
NAP_MIN_S = 0.001
WORKERS_PACE = 2
"""Paces of the store between two rounds of a worker: nobody is kept waiting for it."""

QUIET_PACES = 10
"""Paces of the store for which a worker that has just been busy waits for its bell before it asks what is due."""

FOLD_MAX = 2000
FOLD_AFTER_S = 1.0

_LOG = structlog.get_logger("reference_gateway.workers")

Round = Callable[[], Awaitable[bool]]
"""Does what is due; True when there may be more at once."""


class Worker:
    """Repeats a round whenever there is something to do."""

    def __init__(
        self,
        name: str,
        runtime: Runtime,
        *,
        bell: Bell,
        round_: Round,
        due: Callable[[NextDue], datetime | None] | None,
        heartbeat_s: float | None = None,
    ) -> None:
        self._name = name
        self._heartbeat_s = heartbeat_s
        self._runtime = runtime
        self._bell = bell
        self._round = round_
        self._due = due
        self._working = True
        self._due_at: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self._working or self._bell.rung

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)
        self._task.add_done_callback(self._report)

    def _report(self, task: asyncio.Task[None]) -> None:
        """Tell of a mistake that ended the worker, and let another take its place: its work is still to be done."""
        if task.cancelled() or task.exception() is None:
            return
        task.get_loop().call_exception_handler(
            {"message": f"worker {self._name} died", "exception": task.exception(), "task": task}
        )
        self._task = asyncio.create_task(self._run(after_s=STORE_AWAY_S), name=self._name)
        self._task.add_done_callback(self._report)

    async def stop(self) -> None:
        """Cancel the worker; what it had claimed comes back when its lease is over."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self, after_s: float = 0.0) -> None:
        if after_s:
            await self._runtime.clock.sleep(after_s)
        pace = Pace(WORKERS_PACE * self._runtime.units.pace_s)
        while True:
            self._working = True
            await pace.turn()
            self._runtime.metrics.working(self._name, True)
            self._bell.silence()
            self._tell_lateness()
            try:
                if await self._round() or await self._rung_soon():
                    continue
                nap_s = await self._nap_s()
            except GatewayError as error:
                _LOG.warning("worker_round_failed", worker=self._name, reason=error.reason)
                await self._runtime.clock.sleep(STORE_AWAY_S)
                continue
            await self._sleep(nap_s)

    async def _rung_soon(self) -> bool:
        """Wait a moment for the bell: while it is rung again and again, nobody need ask the store what is due."""
        quiet_s = QUIET_PACES * self._runtime.units.pace_s
        if self._due is None or not quiet_s:
            return False
        await self._sleep(quiet_s)
        return self._bell.rung

    async def _sleep(self, nap_s: float | None) -> None:
        self._working = False
        self._runtime.metrics.working(self._name, False)
        self._runtime.pulse.ring()
        wakes_at = None if nap_s is None else self._runtime.clock.now() + timedelta(seconds=nap_s)
        await self._bell.wait(nap_s, wakes_at=wakes_at)

    def _tell_lateness(self) -> None:
        """Tell how long the work that this round begins has been due."""
        due_at, self._due_at = self._due_at, None
        now = self._runtime.clock.now()
        if due_at is not None and due_at <= now:
            self._runtime.metrics.began(self._name, late_s=(now - due_at).total_seconds())

    async def _nap_s(self) -> float | None:
        """How long nothing is due; None is until the bell."""
        heartbeat_s = self._heartbeat_s or self._runtime.units.heartbeat_s
        if self._due is None:
            return heartbeat_s
        async with self._runtime.units() as unit:
            due_at = self._due_at = self._due(await unit.next_due())
        if due_at is None:
            return heartbeat_s
        nap_s = max(NAP_MIN_S, (due_at - self._runtime.clock.now()).total_seconds())
        return nap_s if heartbeat_s is None else min(nap_s, heartbeat_s)


async def guarded(work: Awaitable[None]) -> None:
    """Let one piece of work fail without its neighbours; its lease brings it back."""
    try:
        await work
    except GatewayError as error:
        _LOG.warning("work_failed", reason=error.reason, detail=error.detail)


def poller(runtime: Runtime, query: QueryPayment) -> Worker:
    """Make the worker that asks about payments nobody has told the end of."""

    async def round_() -> bool:
        now = runtime.clock.now()
        bite = runtime.spread.bite(CLAIM_MAX)
        # Most of what is due while there is a line stands in it: claimed anew with every lease, a crowd of thousands
        # would be written more often than what is opened and settled meanwhile.
        lease_until = runtime.lease_until(now) + timedelta(seconds=runtime.pressure.opening_wait_s)
        async with runtime.units() as unit:
            claimed = await unit.claim_polls(now, lease_until=lease_until, limit=bite)
            if claimed:
                await unit.commit()
        # Who stands in our own line comes to its end by himself; should we die first, the lease brings him back.
        waiting = [payment for payment in claimed if not runtime.pressure.is_in_line(payment.id)]
        await asyncio.gather(*(guarded(query.for_poller(payment)) for payment in waiting))
        return len(claimed) == bite

    return Worker("poller", runtime, bell=runtime.polls_bell, round_=round_, due=lambda due: due.polls)


def closer(runtime: Runtime, end: EndPayment) -> Worker:
    """Make the worker that ends orders whose time is over, or whose end somebody wished."""

    async def round_() -> bool:
        now = runtime.clock.now()
        async with runtime.units() as unit:
            claimed = await unit.claim_ends(now, lease_until=runtime.lease_until(now), limit=CLAIM_MAX)
            if claimed:
                await unit.commit()
        await asyncio.gather(*(guarded(end.for_worker(payment)) for payment in claimed))
        return len(claimed) == CLAIM_MAX

    return Worker("closer", runtime, bell=runtime.ends_bell, round_=round_, due=lambda due: due.ends)


def refunder(runtime: Runtime, refund: RefundPayment) -> Worker:
    """Make the worker that brings refunds to their end."""

    async def round_() -> bool:
        now = runtime.clock.now()
        bite = runtime.spread.bite(CLAIM_MAX)
        async with runtime.units() as unit:
            claimed = await unit.claim_refunds(now, lease_until=runtime.lease_until(now), limit=bite)
            if claimed:
                await unit.commit()
        await asyncio.gather(*(guarded(refund.for_poller(*pair)) for pair in claimed))
        return len(claimed) == bite

    return Worker("refunder", runtime, bell=runtime.refunds_bell, round_=round_, due=lambda due: due.refunds)


def folder(runtime: Runtime) -> Worker:
    """Make the worker that brings what was appended to busy accounts into their balances."""

    async def round_() -> bool:
        async with runtime.units() as unit:
            folded = await unit.fold_balances(FOLD_MAX)
            if folded:
                await unit.commit()
        return folded == FOLD_MAX

    def due(due: NextDue) -> datetime | None:
        return None if due.folds is None else due.folds + timedelta(seconds=FOLD_AFTER_S)

    return Worker("folder", runtime, bell=Bell(), round_=round_, due=due)
