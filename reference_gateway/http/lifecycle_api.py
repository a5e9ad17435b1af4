"""
An order's way after it was created, for its merchant: close, cancel, ship, confirm, capture, and the attempts made.

Each handler authenticates, validates, calls one use case and shapes the answer.
"""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web

from reference_gateway.apps import App
from reference_gateway.domain.events import attempt_view, payment_view
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.transitions import OrderEvent, PaymentStatus
from reference_gateway.errors import UnknownPayment
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.bodies import CaptureBody, EmptyBody, ShipBody, parse, read_body
from reference_gateway.http.problems import json_response
from reference_gateway.service.orders.capture_payment import CapturePayment
from reference_gateway.service.orders.end_payment import EndPayment
from reference_gateway.service.orders.fulfil_order import FulfilOrder
from reference_gateway.service.unit_of_work import UnitOfWorkFactory

BodyT = TypeVar("BodyT", EmptyBody, ShipBody, CaptureBody)


class LifecycleApi:
    """Handlers under /api/v1/payments/{payment_id}."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        units: UnitOfWorkFactory,
        *,
        end: EndPayment,
        fulfil: FulfilOrder,
        capture: CapturePayment,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._units = units
        self._end = end
        self._fulfil = fulfil
        self._capture = capture

    def routes(self) -> list[web.RouteDef]:
        one = "/api/v1/payments/{payment_id}"
        return [
            web.post(f"{one}/close", self.close),
            web.post(f"{one}/cancel", self.cancel),
            web.post(f"{one}/ship", self.ship),
            web.post(f"{one}/confirm", self.confirm),
            web.post(f"{one}/capture", self.capture),
            web.get(f"{one}/attempts", self.attempts),
        ]

    async def close(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request, EmptyBody)
        return _answered(await self._end(app.app_id, request.match_info["payment_id"], OrderEvent.CLOSE))

    async def cancel(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request, EmptyBody)
        return _answered(await self._end(app.app_id, request.match_info["payment_id"], OrderEvent.CANCEL))

    async def ship(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request, ShipBody)
        payment_id = request.match_info["payment_id"]
        shipped = await self._fulfil.ship(app.app_id, payment_id, carrier=body.carrier, tracking_no=body.tracking_no)
        return json_response(payment_view(shipped))

    async def confirm(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request, EmptyBody)
        return json_response(payment_view(await self._fulfil.confirm(app.app_id, request.match_info["payment_id"])))

    async def capture(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request, CaptureBody)
        amount_fen = None if body.amount_fen is None else Fen(body.amount_fen)
        return _answered(await self._capture(app.app_id, request.match_info["payment_id"], amount_fen))

    async def attempts(self, request: web.Request) -> web.Response:
        app = await self._gatekeeper.admit(request, await read_body(request))
        payment_id = request.match_info["payment_id"]
        async with self._units() as unit:
            if await unit.payment(app.app_id, payment_id) is None:
                raise UnknownPayment
            made = await unit.attempts(payment_id)
        return json_response({"attempts": [attempt_view(attempt) for attempt in made]})

    async def _admit(self, request: web.Request, model: type[BodyT]) -> tuple[App, BodyT]:
        """Let the request in; a body that may be empty may be left out."""
        body = await read_body(request)
        app = await self._gatekeeper.admit(request, body)
        if not body and model is not ShipBody:
            return app, model.model_validate({})
        return app, parse(model, request.content_type, body)


def _answered(payment: Payment) -> web.Response:
    """Answer 202 while the channel has not said yet how it went."""
    pending = payment.status is PaymentStatus.PENDING
    return json_response(
        payment_view(payment),
        status=202 if pending else 200,
        headers={"Location": f"/api/v1/payments/{payment.id}"},
    )
