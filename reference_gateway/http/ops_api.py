"""Health, readiness and the contract itself; open to anybody who can reach the port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from reference_gateway.errors import StoreUnavailable
from reference_gateway.http.problems import json_response, problem
from reference_gateway.service.unit_of_work import UnitOfWorkFactory

OPENAPI = Path(__file__).with_name("openapi.yaml")


class OpsApi:
    """`draining` turns readiness off while the gateway finishes what it has."""

    def __init__(self, units: UnitOfWorkFactory, *, backlog: Callable[[], Awaitable[int]]) -> None:
        self._units = units
        self._backlog = backlog
        self.draining = False

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/openapi.yaml", self.openapi),
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
            return problem(503, error.reason, error.detail)
        return json_response({"ok": True, "backlog": backlog})

    async def openapi(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=OPENAPI.read_bytes(), content_type="application/yaml")
