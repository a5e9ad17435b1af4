"""
Work that one instance does for all: who leads is decided elsewhere, here it is only lived by.

An elected worker runs for a term. When the term ends, by a resignation, a death or a doubt, it stops at once; what it
had begun carries the term's number, and whoever leads later is believed instead. It refuses to know how leaders are
chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import structlog

from reference_gateway.clock import Clock
from reference_gateway.errors import GatewayError
from reference_gateway.metrics import Metrics
from reference_gateway.service.unit_of_work import UnitOfWorkFactory
from reference_gateway.service.workers import Worker

AGAIN_S = 1.0

_LOG = structlog.get_logger("reference_gateway.election")


class Term(Protocol):
    """A time of leading; *token* is higher than in every term before."""

    @property
    def token(self) -> int: ...

    async def over(self) -> None:
        """Return when the term has ended."""
        ...


class Elections(Protocol):
    """Decides who leads."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def term(self, role: str) -> AbstractAsyncContextManager[Term]:
        """Wait until elected; leaving resigns."""
        ...


class EndlessTerm:
    """The term of who is alone."""

    def __init__(self, token: int) -> None:
        self.token = token

    async def over(self) -> None:
        await asyncio.Event().wait()


class Alone:
    """Elections where there is one candidate: a gateway in a world of one process."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    @asynccontextmanager
    async def term(self, role: str) -> AsyncIterator[Term]:
        async with self._units() as unit:
            token = await unit.begin_term(role, "alone", self._clock.now())
            await unit.commit()
        yield EndlessTerm(token)


class Elected:
    """A worker that runs only while this instance leads; *make* builds it for a term's token."""

    def __init__(
        self, role: str, elections: Elections, make: Callable[[int], Worker], *, clock: Clock, metrics: Metrics
    ) -> None:
        self._role = role
        self._elections = elections
        self._make = make
        self._clock = clock
        self._metrics = metrics
        self._worker: Worker | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return self._worker is not None and self._worker.busy

    def start(self) -> None:
        self._metrics.leads(self._role, False)
        self._task = asyncio.create_task(self._run(), name=f"candidate for {self._role}")

    async def stop(self) -> None:
        """Stop the worker and resign, so that another takes over at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                async with self._elections.term(self._role) as term:
                    await self._lead(term)
            except GatewayError as error:
                _LOG.warning("election_failed", role=self._role, reason=error.reason)
                await self._clock.sleep(AGAIN_S)

    async def _lead(self, term: Term) -> None:
        _LOG.info("elected", role=self._role, token=term.token)
        self._metrics.leads(self._role, True)
        worker = self._worker = self._make(term.token)
        worker.start()
        try:
            await term.over()
        finally:
            self._worker = None
            self._metrics.leads(self._role, False)
            await worker.stop()
            _LOG.info("term_over", role=self._role, token=term.token)
