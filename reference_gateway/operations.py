"""
What makes several gateways one: where they meet, who leads, where events go beside the webhooks; all from settings.

A part of the composition root. Whatever is not configured is the honest nothing: no streams, one candidate, no others.
"""

from __future__ import annotations

from collections.abc import Sequence

from reference_gateway.clock import Clock
from reference_gateway.errors import SettingsRefused
from reference_gateway.ids import RandomIds
from reference_gateway.service.capacity.spread import Alone as NoOthers
from reference_gateway.service.capacity.spread import Instances
from reference_gateway.service.outbox.election import Alone as OneCandidate
from reference_gateway.service.outbox.election import Elected, Elections
from reference_gateway.service.outbox.relay_stream import ROLE, EventStream, stream_relay
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWorkFactory
from reference_gateway.settings import MEMORY_URL, GatewaySettings
from reference_gateway.store.elections import Pace, SqlElections
from reference_gateway.store.redis_instances import RedisInstances
from reference_gateway.store.redis_lock import RedisLock
from reference_gateway.streams.kafka_topic import KafkaTopic
from reference_gateway.streams.redis_stream import RedisStream


class Operations:
    """Streams, elections and what runs by election; opened after the store and closed before it."""

    def __init__(
        self, settings: GatewaySettings, *, clock: Clock, streams: Sequence[EventStream] | None = None
    ) -> None:
        self.instance = RandomIds().new("i")
        self.streams = streams_for(settings) if streams is None else streams
        self.instances = instances_for(settings, clock)
        self._settings = settings
        self._clock = clock
        self._opened: list[Elections | EventStream] = []
        self._elected: list[Elected] = []

    @property
    def busy(self) -> bool:
        return any(elected.busy for elected in self._elected)

    async def start(self, runtime: Runtime) -> None:
        """Stand for election, and tell the others of this instance's load; who only admits does neither."""
        if self._settings.role == "admit":
            return
        runtime.spread.start()
        if not self.streams:
            return
        elections = elections_for(self._settings, runtime.units, self._clock, instance=self.instance)
        parts: list[Elections | EventStream] = [elections, *self.streams]
        for part in parts:
            await part.open()
            self._opened.append(part)
        relay = Elected(
            ROLE,
            elections,
            lambda token: stream_relay(runtime, self.streams, token),
            clock=self._clock,
            metrics=runtime.metrics,
        )
        relay.start()
        self._elected.append(relay)

    async def stop(self, runtime: Runtime) -> None:
        """Resign and leave, so that the others take over at once."""
        while self._elected:
            await self._elected.pop().stop()
        while self._opened:
            await self._opened.pop().close()
        await runtime.spread.stop()


def streams_for(settings: GatewaySettings) -> Sequence[EventStream]:
    """Make a stream for each broker that is named."""
    if settings.event_streams == "none":
        return ()
    streams: list[EventStream] = []
    if settings.redis_url:
        streams.append(RedisStream(settings.redis_url, length_max=settings.redis_stream_length_max))
    if settings.kafka_servers:
        streams.append(KafkaTopic(settings.kafka_servers, settings.kafka_topic))
    return streams


def elections_for(settings: GatewaySettings, units: UnitOfWorkFactory, clock: Clock, *, instance: str) -> Elections:
    """Make the elections that the store allows: by PostgreSQL, or without a rival."""
    url = settings.database_url.get_secret_value()
    if url == MEMORY_URL:
        return OneCandidate(units, clock)
    pace = Pace(beat_s=settings.leader_beat_s, stale_s=settings.leader_stale_s)
    if pace.stale_s <= 2 * pace.beat_s:
        raise SettingsRefused("leader_stale_s must be longer than two beats, or every leader is deposed at once")
    hint = RedisLock(settings.redis_url, life_s=pace.stale_s / 2) if settings.redis_url else None
    return SqlElections(url, holder=instance, clock=clock, hint=hint, pace=pace)


def instances_for(settings: GatewaySettings, clock: Clock) -> Instances:
    """Make the place where instances tell their loads."""
    return RedisInstances(settings.redis_url, clock) if settings.redis_url else NoOthers()
