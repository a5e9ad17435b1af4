"""
The merchant API of openapi.yaml: payments, refunds, ledger.

Each handler authenticates, validates, calls one use case and shapes the answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from aiohttp import web

from reference_gateway.apps import App
from reference_gateway.domain.accounts import WALLET
from reference_gateway.domain.events import instant_text, payment_view, refund_view
from reference_gateway.domain.records import LedgerLine, app_account
from reference_gateway.domain.transitions import RefundStatus
from reference_gateway.errors import BadRequest
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.bodies import PaymentBody, RefundBody, parse, read_body
from reference_gateway.http.problems import json_response
from reference_gateway.service.capacity.pressure import Kind, Pressure
from reference_gateway.service.orders.create_payment import CreatePayment, is_waiting
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.orders.refund_payment import RefundPayment
from reference_gateway.service.unit_of_work import UnitOfWorkFactory

PAGE_MAX = 1000
SIDES: Mapping[str, str] = {"payment": "credits", "refund": "debits"}
"""What a payment credits to its app and a refund takes back; what moves the money on inside is neither."""

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_BY_WALLET = f'"{WALLET}"'.encode()
_CURSOR = re.compile(r"[0-9]{1,18}", re.ASCII)


class MerchantApi:
    """Handlers under /api/v1/payments."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        units: UnitOfWorkFactory,
        *,
        pressure: Pressure,
        create: CreatePayment,
        query: QueryPayment,
        refund: RefundPayment,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._units = units
        self._pressure = pressure
        self._create = create
        self._query = query
        self._refund = refund

    def routes(self) -> list[web.RouteDef]:
        one = "/api/v1/payments/{payment_id}"
        return [
            web.post("/api/v1/payments", self.create),
            web.get("/api/v1/payments", self.list),
            web.get(one, self.read),
            web.post(f"{one}/sync", self.sync),
            web.get(f"{one}/ledger", self.ledger),
            web.post(f"{one}/refunds", self.create_refund),
            web.get(f"{one}/refunds/{{refund_id}}", self.read_refund),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        with self._pressure.enter(_kind(body)) as place:
            app = await self._gatekeeper.admit(request, body)
            order = parse(PaymentBody, request.content_type, body).request()
            admission = await self._create(app.app_id, order, idempotency_key=_idempotency_key(request), place=place)
        payment = admission.payment
        status = 201 if admission.fresh else 200
        if is_waiting(payment):
            status = 202
        return json_response(
            payment_view(payment), status=status, headers={"Location": f"/api/v1/payments/{payment.id}"}
        )

    async def read(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        return json_response(payment_view(await self._query.read(app.app_id, request.match_info["payment_id"])))

    async def sync(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        payment = await self._query.for_merchant(app.app_id, request.match_info["payment_id"])
        return json_response(payment_view(payment))

    async def list(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        unknown = set(request.query) - {"after", "limit"}
        if unknown:
            raise BadRequest(f"unknown query parameter {min(unknown)!r}", code="unknown_parameter")
        after = _number(request, "after", 0)
        limit = _number(request, "limit", 100)
        if not 1 <= limit <= PAGE_MAX:
            raise BadRequest(f"limit is 1 to {PAGE_MAX}", code="invalid_parameter")
        async with self._units() as unit:
            payments = await unit.list_payments(app.app_id, after=after, limit=limit)
            lines = await unit.ledger_lines([payment.id for payment in payments]) if payments else []
        postings = _postings(app, lines)
        items = [{**payment_view(payment), **postings[payment.id]} for payment in payments]
        return json_response({"items": items, "next": str(payments[-1].seq) if len(payments) == limit else None})

    async def ledger(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        payment = await self._query.read(app.app_id, request.match_info["payment_id"])
        async with self._units() as unit:
            lines = await unit.ledger_lines([payment.id])
        entries = [
            {
                "transaction_id": line.transaction_id,
                "kind": line.kind,
                "account": line.account,
                "amount_fen": line.amount_fen,
                "at": instant_text(line.at),
            }
            for line in lines
        ]
        return json_response({"entries": entries})

    async def create_refund(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request)
        wanted = parse(RefundBody, request.content_type, body).request()
        payment_id = request.match_info["payment_id"]
        answer = await self._refund(app.app_id, payment_id, wanted)
        open_ = answer.refund.status in (RefundStatus.REQUESTED, RefundStatus.PROCESSING)
        status = 202 if open_ else (201 if answer.fresh else 200)
        location = f"/api/v1/payments/{payment_id}/refunds/{answer.refund.id}"
        return json_response(refund_view(answer.refund), status=status, headers={"Location": location})

    async def read_refund(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        refund = await self._refund.read(app.app_id, request.match_info["payment_id"], request.match_info["refund_id"])
        return json_response(refund_view(refund))

    async def _admit(self, request: web.Request) -> tuple[App, bytes]:
        body = await read_body(request)
        return await self._gatekeeper.admit(request, body), body


def _postings(app: App, lines: list[LedgerLine]) -> dict[str, dict[str, list[dict[str, object]]]]:
    """Sort the app's own entries by payment into credits and debits, amounts positive."""
    found: dict[str, dict[str, list[dict[str, object]]]] = defaultdict(lambda: {"credits": [], "debits": []})
    for line in lines:
        if line.account == app_account(app.app_id) and line.kind in SIDES:
            side = SIDES[line.kind]
            entry = {"entry_id": line.entry_id, "amount_fen": abs(line.amount_fen), "at": instant_text(line.at)}
            found[line.payment_id][side].append(entry)
    return found


def _kind(body: bytes) -> Kind:
    """Tell tips from orders before anything is parsed; who guesses wrong here is placed again when it is."""
    return Kind.TIP if _BY_WALLET in body else Kind.ORDER


def _idempotency_key(request: web.Request) -> str | None:
    values = request.headers.getall("Idempotency-Key", [])
    if not values:
        return None
    if len(values) > 1 or _IDEMPOTENCY_KEY.fullmatch(values[0]) is None:
        raise BadRequest("Idempotency-Key is 1 to 64 characters of [A-Za-z0-9_-]", code="invalid_idempotency_key")
    return values[0]


def _number(request: web.Request, name: str, default: int) -> int:
    values = request.query.getall(name, [])
    if not values:
        return default
    if len(values) > 1 or _CURSOR.fullmatch(values[0]) is None:
        raise BadRequest(f"{name} is a number", code="invalid_parameter")
    return int(values[0])
