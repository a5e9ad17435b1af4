"""
Relay the outbox to the streams: by one leader, in the order of commits, each event at least once.

A batch is appended to every stream, then marked. A crash between the two appends it again; a leader whose term is over
is refused by the stream, and by the store when it wants to mark. Webhooks go their own way beside this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from reference_gateway.domain.records import OutboxRow
from reference_gateway.errors import StreamFenced, StreamUnavailable
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.workers import Worker

ROLE = "stream-relay"
BATCH_MAX = 256
LOOK_S = 0.25

_LOG = structlog.get_logger("reference_gateway.stream")


class EventStream(Protocol):
    """A broker that keeps events in order."""

    name: str

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def append(self, events: Sequence[OutboxRow], *, term: int) -> None:
        """
        Append *events* in this order.

        Raises:
            StreamFenced: a later term has begun.
            StreamUnavailable: nobody knows whether they were appended; append them again.
        """
        ...


class RelayStream:
    """One round of the relay, in the term *token*."""

    def __init__(self, runtime: Runtime, streams: Sequence[EventStream], token: int) -> None:
        self._runtime = runtime
        self._streams = streams
        self._token = token

    async def __call__(self) -> bool:
        """Append what no stream has yet; True when there may be more."""
        async with self._runtime.units() as unit:
            waiting = await unit.unpublished(BATCH_MAX)
        events = list(waiting.values())
        if not events:
            return False
        self._runtime.crash_point("stream.before_append")
        for stream in self._streams:
            try:
                await stream.append(events, term=self._token)
            except (StreamFenced, StreamUnavailable) as error:
                _LOG.warning("stream_refused", stream=stream.name, reason=error.reason, detail=error.detail)
                raise
            self._runtime.metrics.sent(stream.name, len(events))
        self._runtime.crash_point("stream.after_append")
        async with self._runtime.units() as unit:
            if not await unit.mark_published(list(waiting), role=ROLE, token=self._token):
                raise StreamFenced
            await unit.commit()
        self._runtime.crash_point("stream.after_mark")
        return len(events) == BATCH_MAX


def stream_relay(runtime: Runtime, streams: Sequence[EventStream], token: int) -> Worker:
    """Make the worker for one term; other instances' events ring no bell here, so it looks often."""
    return Worker(
        "stream",
        runtime,
        bell=runtime.stream_bell,
        round_=RelayStream(runtime, streams, token),
        due=None,
        heartbeat_s=LOOK_S,
    )
