"""
Bills compared with the ledger: ask for a day, read the result.

A comparison goes over every app's payments, so only apps that may operate the gateway are let in.
"""

from __future__ import annotations

import asyncio
import re
from datetime import date

from aiohttp import web

from reference_gateway.apps import App
from reference_gateway.domain.events import instant_text
from reference_gateway.domain.reconciliation import Difference, DifferenceStatus, Reconciliation, ReconciliationStatus
from reference_gateway.errors import BadRequest, NotAnOperator, UnknownReconciliation
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.bodies import ReconciliationBody, parse, read_body
from reference_gateway.http.problems import json_response
from reference_gateway.service.reconciling.reconcile import Comparing, Reconcile
from reference_gateway.service.runtime import Runtime

LISTED_MAX = 200
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class ReconciliationApi:
    """Handlers under /api/v1/reconciliations."""

    def __init__(self, gatekeeper: Gatekeeper, runtime: Runtime, reconcile: Reconcile) -> None:
        self._gatekeeper = gatekeeper
        self._runtime = runtime
        self._reconcile = reconcile

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/reconciliations", self.create),
            web.get("/api/v1/reconciliations", self.list),
            web.get("/api/v1/reconciliations/{channel}/{day}", self.read),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        await self._operator(request, body)
        wanted = parse(ReconciliationBody, request.content_type, body)
        day = _day(wanted.day)
        self._reconcile.refuse_unless_comparable(wanted.channel, day)
        work = self._reconcile(wanted.channel, day, again=wanted.again)
        call = self._runtime.background.spawn(work, f"reconcile {wanted.channel} {day}")
        done, _ = await asyncio.wait({call}, timeout=self._runtime.rules.sync_wait_s)
        location = {"Location": f"/api/v1/reconciliations/{wanted.channel}/{day}"}
        if not done:
            row = await self._reconcile.read(wanted.channel, day)
            return json_response(_view(row), status=202, headers=location)
        comparing = call.result()
        status = 201 if comparing.fresh else 200
        if comparing.row.status is not ReconciliationStatus.DONE:
            status = 202
        return json_response(_view(comparing), status=status, headers=location)

    async def list(self, request: web.Request) -> web.Response:
        await self._operator(request, await read_body(request))
        rows = await self._reconcile.latest(LISTED_MAX)
        return json_response({"items": [_row_view(row) for row in rows]})

    async def read(self, request: web.Request) -> web.Response:
        await self._operator(request, await read_body(request))
        text = request.match_info["day"]
        if _DAY.fullmatch(text) is None:
            raise UnknownReconciliation
        return json_response(_view(await self._reconcile.read(request.match_info["channel"], _day(text))))

    async def _operator(self, request: web.Request, body: bytes) -> App:
        app = await self._gatekeeper.admit(request, body)
        if not app.operator:
            raise NotAnOperator
        return app


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"day: {text} is no day", code="invalid_field") from error


def _view(comparing: Comparing) -> dict[str, object]:
    counts = {status.value: 0 for status in DifferenceStatus}
    for one in comparing.differences:
        counts[one.status.value] += 1
    return {
        **_row_view(comparing.row),
        **counts,
        "differences": [_difference_view(one) for one in comparing.differences],
    }


def _row_view(row: Reconciliation) -> dict[str, object]:
    return {
        "channel": row.channel,
        "day": row.day.isoformat(),
        "status": row.status.value,
        "reason": row.reason,
        "started_at": instant_text(row.started_at),
        "finished_at": None if row.finished_at is None else instant_text(row.finished_at),
        "bill_rows": row.bill_rows,
        "book_rows": row.book_rows,
        "elsewhere_rows": row.elsewhere_rows,
    }


def _difference_view(one: Difference) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "row": one.row_kind,
        "number": one.number,
        "out_trade_no": one.out_trade_no,
        "here_fen": one.here_fen,
        "there_fen": one.there_fen,
        "status": one.status.value,
        "explanation": one.explanation,
    }
