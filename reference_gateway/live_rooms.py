"""
What the live rooms are made of: their use cases, workers, faces and feed.

A part of the composition root.
"""

from __future__ import annotations

from aiohttp import web

from reference_gateway.clock import Clock
from reference_gateway.domain.limits import Limit
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.live_api import LiveApi
from reference_gateway.http.page_api import PageApi
from reference_gateway.http.page_tokens import PageTokens
from reference_gateway.http.streams import Streams
from reference_gateway.service.capacity.limits import Limits, LocalCounters
from reference_gateway.service.live.feed import LiveFeed
from reference_gateway.service.live.payouts import Payouts
from reference_gateway.service.live.red_packets import RedPackets
from reference_gateway.service.live.rooms import Rooms
from reference_gateway.service.orders.create_payment import CreatePayment
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.runtime import Runtime
from reference_gateway.settings import GatewaySettings
from reference_gateway.store.redis_counters import RedisCounters
from reference_gateway.store.redis_feed import RedisFeedBell


class LiveRooms:
    """Opened after the store and closed before it."""

    def __init__(
        self,
        settings: GatewaySettings,
        runtime: Runtime,
        gatekeeper: Gatekeeper,
        *,
        create: CreatePayment,
        query: QueryPayment,
    ) -> None:
        rooms, packets, payouts = Rooms(runtime), RedPackets(runtime, create), Payouts(runtime)
        tokens = PageTokens(runtime.apps, runtime.clock)
        self.feed = LiveFeed(runtime)
        self.claims = packets.claims
        self.workers = (packets.expirer(), payouts.payer())
        self._api = LiveApi(gatekeeper, rooms=rooms, packets=packets, payouts=payouts)
        self._page = PageApi(runtime, gatekeeper, tokens, rooms=rooms, create=create, query=query, feed=self.feed)
        self._streams = Streams(gatekeeper, tokens, feed=self.feed, query=query)
        self._limits = runtime.limits
        self._bell: RedisFeedBell | None = None
        if settings.redis_url:
            self._bell = RedisFeedBell(
                settings.redis_url,
                runtime.clock,
                committed=runtime.committed_bell,
                woken=runtime.feed_bell,
                pace_s=runtime.units.pace_s,
            )

    def routes(self) -> list[web.RouteDef]:
        return [*self._api.routes(), *self._page.routes(), *self._streams.routes()]

    async def start(self) -> None:
        """Listen to what other instances commit."""
        if self._bell is not None:
            await self._bell.open()

    def let_go(self) -> None:
        """End every stream: a stopping server would wait for its readers."""
        self.feed.stop()

    async def stop(self) -> None:
        if self._bell is not None:
            await self._bell.close()
        if self._limits is not None:
            await self._limits.close()


def limits_for(settings: GatewaySettings, clock: Clock) -> Limits | None:
    """Make the limits that the settings name, if they name any."""
    if not settings.limits and settings.payment_fen_max is None:
        return None
    limits = [Limit(rule.by, rule.window_s, rule.count_max, rule.amount_fen_max) for rule in settings.limits]
    alone = LocalCounters(clock)
    counters = RedisCounters(settings.redis_url, alone) if settings.redis_url else alone
    return Limits(limits, counters, clock, payment_fen_max=settings.payment_fen_max)
