"""
Measure what is asked of the gateway: how often, how it ended, how long it took; by route, never by address.

What ends in an error ends as a problem document; one layer does both, for each is a coroutine that every wait of a
request goes through.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from reference_gateway.http.problems import REFUSALS, problem_of
from reference_gateway.metrics import Metrics

NOWHERE = "none"
"""The route of a request that leads nowhere: addresses that strangers make up must not become series."""


def measured(metrics: Metrics) -> Middleware:
    """Make the outermost middleware: it makes answers of errors, and sees every answer."""

    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            response = await handler(request)
        except REFUSALS as error:
            response = problem_of(error, request)
        metrics.request(_route(request), request.method, response.status, seconds=loop.time() - began)
        return response

    return measure


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return NOWHERE if resource is None else resource.canonical
