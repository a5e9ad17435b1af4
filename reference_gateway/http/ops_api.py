"""
Health, readiness, figures and the contract itself; open to anybody who can reach the port.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from reference_gateway.errors import StoreUnavailable
from reference_gateway.http.docs_page import docs_page
from reference_gateway.http.problems import json_response, problem
from reference_gateway.metrics import CONTENT_TYPE, Metrics
from reference_gateway.service.unit_of_work import UnitOfWorkFactory

OPENAPI = Path(__file__).with_name("openapi.yaml")


class OpsApi:
    """`draining` turns readiness off while the gateway finishes what it has."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        metrics: Metrics,
        *,
        backlog: Callable[[], Awaitable[int]],
        streams: bool = False,
    ) -> None:
        self._units = units
        self._metrics = metrics
        self._backlog = backlog
        self._streams = streams
        self.draining = False

    def routes(self) -> list[web.RouteDef]:
        return [*self.own_routes(), web.get("/openapi.yaml", self.openapi), web.get("/docs", self.docs)]

    def own_routes(self) -> list[web.RouteDef]:
        """Return what concerns this very instance, whichever of those behind one port it is."""
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/metrics", self.metrics),
        ]

    async def healthz(self, request: web.Request) -> web.Response:
        del request
        return json_response({"ok": True})

    async def readyz(self, request: web.Request) -> web.Response:
        del request
        if self.draining:
            return problem(503, "draining", "the gateway is stopping; ask another one")
        try:
            backlog = await self._backlog()
        except StoreUnavailable as error:
            return problem(503, error.reason, error.detail, {"Retry-After": "1"})
        return json_response({"ok": True, "backlog": backlog})

    async def metrics(self, request: web.Request) -> web.Response:
        """Answer with the figures; what only the store knows is read now, and missing when it is away."""
        del request
        try:
            async with self._units() as unit:
                self._metrics.backlog("webhook", await unit.outbox_unsent())
                if self._streams:
                    self._metrics.backlog("stream", await unit.count_unpublished())
            self._metrics.store_up(True)
        except StoreUnavailable:
            self._metrics.store_up(False)
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def openapi(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=OPENAPI.read_bytes(), content_type="application/yaml")

    async def docs(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text=docs_page(OPENAPI.read_text()), content_type="text/html")
