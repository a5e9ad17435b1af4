"""
Why payments took their channels, and how the channels stand.

Each handler authenticates, asks one use case and shapes the answer.
"""

from __future__ import annotations

from aiohttp import web

from reference_gateway.domain.events import instant_text
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.routing import RouteChoice, asked_for
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.bodies import read_body
from reference_gateway.http.problems import json_response
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.orders.route_payment import ChannelView, Router
from reference_gateway.service.unit_of_work import UnitOfWorkFactory


class RoutingApi:
    """Handlers of /api/v1/payments/{payment_id}/route and /api/v1/channels."""

    def __init__(
        self, gatekeeper: Gatekeeper, units: UnitOfWorkFactory, *, query: QueryPayment, router: Router
    ) -> None:
        self._gatekeeper = gatekeeper
        self._units = units
        self._query = query
        self._router = router

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/payments/{payment_id}/route", self.route),
            web.get("/api/v1/channels", self.channels),
        ]

    async def route(self, request: web.Request) -> web.Response:
        app = await self._gatekeeper.admit(request, await read_body(request))
        payment = await self._query.read(app.app_id, request.match_info["payment_id"])
        async with self._units() as unit:
            record = await unit.route(payment.id)
        if record is None:
            return json_response(_route_view(payment, asked_for(payment.channel), auto=False))
        return json_response(_route_view(payment, record.choice, auto=True))

    async def channels(self, request: web.Request) -> web.Response:
        await self._gatekeeper.admit(request, await read_body(request))
        return json_response({"items": [_channel_view(view) for view in self._router.views()]})


def _route_view(payment: Payment, choice: RouteChoice, *, auto: bool) -> dict[str, object]:
    return {
        "payment_id": payment.id,
        "channel": payment.channel,
        "auto": auto,
        "reason": choice.reason,
        "weighings": [{"channel": one.channel, "share": one.share, "reason": one.reason} for one in choice.weighings],
        "at": instant_text(payment.created_at),
    }


def _channel_view(view: ChannelView) -> dict[str, object]:
    return {
        "channel": view.channel,
        "supports": sorted(view.supports),
        "weight": view.traits.weight,
        "regions": sorted(view.traits.regions),
        "fee_bp": view.traits.fee_bp,
        "circuit": view.standing.state.value,
        "answered": view.standing.tally.answered,
        "failed": view.standing.tally.failed,
    }
