"""
Who leads: a lock in Redis that keeps candidates from crowding, an advisory lock in PostgreSQL that is the truth.

A candidate asks Redis first and PostgreSQL only when Redis does not say that somebody else leads; with Redis away or
emptied everybody asks PostgreSQL, which lets one in. The advisory lock lives and dies with its connection, so a killed
leader's is free at once; a leader that lives but no longer beats has its connection ended by the next. Each term
begins with a higher token, and whatever a leader writes carries it, so one that does not know yet that its term is
over does no harm.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from reference_gateway.cancelling import heed_cancellation
from reference_gateway.clock import Clock
from reference_gateway.errors import StoreUnavailable
from reference_gateway.store import statements_streams as sql
from reference_gateway.store.redis_lock import RedisLock
from reference_gateway.store.sql_errors import told

_LOG = structlog.get_logger("reference_gateway.election")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """
    Args:
        beat_s: how often a leader says that it lives, and a candidate asks.
        stale_s: how long a leader may be silent before it is deposed.
        answer_s: how long PostgreSQL may take to answer a beat.
    """

    beat_s: float = 1.0
    stale_s: float = 8.0
    answer_s: float = 4.0


USUAL_PACE = Pace()


class SqlTerm:
    """A time of leading, as long as the connection that holds the lock lives and its beats are answered."""

    def __init__(self, token: int) -> None:
        self.token = token
        self.ended = asyncio.Event()

    async def over(self) -> None:
        await self.ended.wait()


class SqlElections:
    """Candidates of one instance, called *holder*."""

    def __init__(
        self, url: str, *, holder: str, clock: Clock, hint: RedisLock | None = None, pace: Pace = USUAL_PACE
    ) -> None:
        self._engine = create_async_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            # PostgreSQL notices within seconds that a leader's machine is gone, not after two hours.
            connect_args={
                "timeout": pace.answer_s,
                "server_settings": {
                    "tcp_keepalives_idle": "5",
                    "tcp_keepalives_interval": "2",
                    "tcp_keepalives_count": "3",
                    "application_name": f"payproof candidate {holder}"[:63],
                },
            },
        )
        self._holder = holder
        self._clock = clock
        self._hint = hint
        self._pace = pace

    async def open(self) -> None:
        """Nothing to open: each candidate connects when it has reason to."""

    async def close(self) -> None:
        if self._hint is not None:
            await self._hint.close()
        await self._engine.dispose()

    @asynccontextmanager
    async def term(self, role: str) -> AsyncIterator[SqlTerm]:
        """Wait until elected; leaving resigns."""
        connection, token = await self._elected(role)
        term = SqlTerm(token)
        beating = asyncio.create_task(self._beat(role, connection, term), name=f"beat of {role}")
        try:
            yield term
        finally:
            beating.cancel()
            await asyncio.wait([beating])
            await self._resign(role, connection)

    async def _elected(self, role: str) -> tuple[AsyncConnection, int]:
        while True:
            if self._hint is None or await self._hint.may_lead(role, self._holder):
                heed_cancellation()
                elected = await self._try(role)
                if elected is not None:
                    return elected
                if self._hint is not None:
                    await self._hint.let_go(role, self._holder)
            heed_cancellation()
            await self._clock.sleep(self._pace.beat_s)

    async def _try(self, role: str) -> tuple[AsyncConnection, int] | None:
        with told():
            connection = await self._engine.connect()
        try:
            if await self._ask(connection, sql.TRY_LOCK, **_key(role)):
                token = await self._ask(connection, sql.BEGIN_TERM, role=role, holder=self._holder)
                return connection, int(token)
            deposed = await self._ask(connection, sql.DEPOSE, role=role, stale_s=self._pace.stale_s, **_key(role))
            if deposed:
                _LOG.warning("leader_deposed", role=role)
        except BaseException:
            await _drop(connection)
            raise
        await _drop(connection)
        return None

    async def _beat(self, role: str, connection: AsyncConnection, term: SqlTerm) -> None:
        try:
            while True:
                if await self._ask(connection, sql.BEAT, role=role, token=term.token) is None:
                    _LOG.warning("term_superseded", role=role, token=term.token)
                    return
                if self._hint is not None:
                    await self._hint.hold(role, self._holder)
                    heed_cancellation()
                await self._clock.sleep(self._pace.beat_s)
        except StoreUnavailable as error:
            _LOG.warning("beat_failed", role=role, reason=error.detail)
        finally:
            term.ended.set()

    async def _ask(self, connection: AsyncConnection, statement: TextClause, **given: Any) -> Any:
        try:
            with told():
                async with asyncio.timeout(self._pace.answer_s):
                    return (await connection.execute(statement, given)).scalar()
        except TimeoutError as error:
            raise StoreUnavailable("PostgreSQL does not answer") from error

    async def _resign(self, role: str, connection: AsyncConnection) -> None:
        """Give the lock back with its connection; then let Redis say that the place is free."""
        await _drop(connection)
        if self._hint is not None:
            await self._hint.let_go(role, self._holder)


async def _drop(connection: AsyncConnection) -> None:
    """Close for good: whatever lock the session held is free."""
    try:
        with told():
            await connection.invalidate()
            await connection.close()
    except StoreUnavailable:
        return


def _key(role: str) -> dict[str, int]:
    value = zlib.crc32(role.encode())
    return {"class_": sql.LOCK_CLASS, "role_key": value - (1 << 32) if value >= 1 << 31 else value}
