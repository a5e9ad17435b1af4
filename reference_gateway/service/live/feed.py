"""
Hand events to whoever watches a payment or a room, in every instance, as soon as they are committed.

One reader for each instance follows the feed while anybody listens, and deals its rows out, at the pace of those who
commit them; the bell that wakes it may be lost, for the table is the truth. A listener that comes back is first brought
up to date from the table, then joins; what arrives meanwhile waits in its queue and is told once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import structlog

from reference_gateway.domain.feed import FeedPosition, FeedRow, Topic
from reference_gateway.errors import GatewayError
from reference_gateway.pace import Pace
from reference_gateway.service.runtime import Runtime

PAGE = 500
WAITING_MAX = 2000
"""Rows that may wait for one slow listener; one that is slower loses its connection and comes back."""

UNSETTLED_S = 0.02
STORE_AWAY_S = 0.5

_LOG = structlog.get_logger("reference_gateway.feed")


@dataclass(slots=True, eq=False)
class _Listener:
    topic: Topic
    rows: list[FeedRow] = field(default_factory=list)
    wakened: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def hand(self, row: FeedRow) -> None:
        self.rows.append(row)
        self.over = self.over or len(self.rows) > WAITING_MAX
        self.wakened.set()

    def end(self) -> None:
        self.over = True
        self.wakened.set()


class LiveFeed:
    """The reader of one instance and its listeners."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._listeners: set[_Listener] = set()
        self._position: FeedPosition | None = None
        self._pace = Pace(runtime.units.pace_s)
        self._reader: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def now(self) -> FeedPosition:
        """Return the position behind everything that is committed for good."""
        async with self._runtime.units() as unit:
            return await unit.feed_position()

    async def follow(
        self, topic: Topic, after: FeedPosition, *, quiet_s: float | None = None
    ) -> AsyncGenerator[Sequence[FeedRow], None]:
        """
        Yield what happened to *topic* after a position, then what happens, until the gateway stops.

        Args:
            quiet_s: when nothing has happened for so long, that is yielded, too: no rows.
        """
        listener = _Listener(topic)
        await self._join(listener)
        try:
            seen = after
            while rows := await self._past(topic, seen):
                yield rows
                seen = rows[-1].position
            while not (listener.over and not listener.rows):
                rows, listener.rows = [row for row in listener.rows if row.position > seen], []
                listener.wakened.clear()
                if rows:
                    seen = rows[-1].position
                    yield rows
                if not listener.rows and not listener.over and not await _wakened(listener, quiet_s):
                    yield ()
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._runtime.feed_bell.ring()

    def stop(self) -> None:
        """Let every listener go."""
        self._stopping = True
        for listener in self._listeners:
            listener.end()
        if self._reader is not None:
            self._reader.cancel()

    async def _past(self, topic: Topic, after: FeedPosition) -> list[FeedRow]:
        async with self._runtime.units() as unit:
            return (await unit.feed(after, limit=PAGE, topic=topic))[0]

    async def _join(self, listener: _Listener) -> None:
        """Listen from now on; once this returns, the reader's position is before anything the listener may miss."""
        if self._stopping:
            listener.end()
            return
        self._listeners.add(listener)
        try:
            if self._position is None:
                position = await self.now()
                self._position = self._position or position
        except GatewayError:
            self._listeners.discard(listener)
            raise
        self._start()

    def _start(self) -> None:
        if self._reader is None and self._listeners and not self._stopping:
            self._reader = asyncio.create_task(self._read(), name="live-feed")
            self._reader.add_done_callback(self._ended)

    async def _read(self) -> None:
        """Deal until nobody listens; where the reading stops, the next listener begins anew."""
        while self._listeners:
            await self._pace.turn()
            self._runtime.feed_bell.silence()
            try:
                wait_s = await self._deal()
            except GatewayError as error:
                _LOG.warning("feed_not_read", reason=error.reason)
                wait_s = STORE_AWAY_S
            if wait_s is None or wait_s > 0:
                await self._runtime.feed_bell.wait(wait_s)

    async def _deal(self) -> float | None:
        """Deal out what is there; return how long to wait for more, None for the bell alone."""
        if self._position is None:
            raise AssertionError("the reader starts behind its first listener")
        async with self._runtime.units() as unit:
            rows, unsettled = await unit.feed(self._position, limit=PAGE)
        for row in rows:
            for listener in self._listeners:
                if listener.topic.takes(row):
                    listener.hand(row)
        if rows:
            self._position = rows[-1].position
        if len(rows) == PAGE:
            return 0
        return UNSETTLED_S if unsettled else self._runtime.units.heartbeat_s

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._reader = None
        if not self._listeners:
            self._position = None
        self._start()
        if not task.cancelled() and task.exception() is not None:
            task.get_loop().call_exception_handler({"message": "the feed's reader died", "exception": task.exception()})
            for listener in self._listeners:
                listener.end()


async def _wakened(listener: _Listener, within_s: float | None) -> bool:
    try:
        async with asyncio.timeout(within_s):
            return await listener.wakened.wait()
    except TimeoutError:
        return False
