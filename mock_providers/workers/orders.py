"""Calls about one order, one payout or one notify, answered by the worker whose it is."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson
from aiohttp import web

from mock_providers.core.control.problems import ControlProblem, json_response, only, read_json
from mock_providers.core.numbers import Numbers
from mock_providers.workers.links import Answer, Links, quoted
from mock_providers.workers.lists import Route
from mock_providers.workers.parent import Worker

Advance = Callable[[bytes], Awaitable[dict[str, Any]]]

_DIGITS = 18


class OrderCalls:
    """
    Args:
        advance: moves everybody's schedule.
    """

    def __init__(self, links: Links, advance: Advance) -> None:
        self._links = links
        self._advance = advance

    def routes(self) -> Sequence[Route]:
        """Which call is which."""
        trade, notify = "/trades/{provider}/{out_trade_no}", "/notifies/{id}"
        return (
            ("GET", trade, self.known),
            ("POST", f"{trade}/buyer", self.buyer),
            ("POST", f"{trade}/next-rung", self.next_rung),
            ("POST", "/qr", self.qr),
            ("GET", "/payouts/{provider}/{out_biz_no}", self.known),
            ("POST", "/notifies/reorder", self.reorder),
            ("GET", notify, self.notify),
            *(("POST", f"{notify}/{what}", self.notify) for what in ("deliver", "copies", "drop", "hold", "release")),
        )

    async def known(self, request: web.Request) -> web.Response:
        """One trade or payout, from whoever knows it."""
        _, answer = await self._found(_path(request), dict(request.query))
        return answer.response()

    async def buyer(self, request: web.Request) -> web.Response:
        """The buyer acts on an order number."""
        body = await request.content.read()
        worker, _ = await self._trade(request)
        answer = await self._links.ask(worker, "POST", _path(request), query=dict(request.query), body=body)
        return answer.response()

    async def next_rung(self, request: web.Request) -> web.Response:
        """Advance everybody's schedule to the next delivery of one order."""
        only(request.query, ("merchant",), code="bad_query")
        worker, trade = await self._trade(request)
        due_at = await self._next_due(worker, trade)
        if due_at is None:
            answer = await self._links.ask(worker, "POST", _path(request), query=dict(request.query))
            return answer.response()  # which says why not
        now = (await self._links.good(worker, "GET", "/clock"))["schedule_at"]
        seconds = (datetime.fromisoformat(due_at) - datetime.fromisoformat(now)).total_seconds()
        return json_response(await self._advance(orjson.dumps({"seconds": max(seconds, 0.0)})))

    async def _next_due(self, worker: Worker, trade: Any) -> str | None:
        query = {
            "state": "pending",
            "provider": trade["provider"],
            "order": trade["out_trade_no"],
            "merchant": trade["merchant_id"],
        }
        page = await self._links.good(worker, "GET", "/notifies", query=query)
        return min((str(one["due_at"]) for one in page["items"] if one["state"] == "pending"), default=None)

    async def _trade(self, request: web.Request) -> tuple[Worker, Any]:
        names = (request.match_info["provider"], request.match_info["out_trade_no"])
        worker, answer = await self._found("/trades/" + "/".join(map(quoted, names)), dict(request.query))
        return worker, answer.json if answer.status < 400 else {}

    async def _found(self, path: str, query: dict[str, str]) -> tuple[Worker, Answer]:
        """Whoever knows it; where nobody does, the first one's refusal."""
        answers = await asyncio.gather(
            *(self._links.ask(worker, "GET", path, query=query) for worker in self._links.all)
        )
        found = [place for place, answer in enumerate(answers) if answer.status < 400]
        place = found[0] if found else 0
        return self._links.all[place], answers[place]

    async def qr(self, request: web.Request) -> web.Response:
        """The buyer acts on what a QR code says; whoever does not know the code does nothing."""
        body = await request.content.read()
        answer: Answer | None = None
        for worker in self._links.all:
            answer = await self._links.ask(worker, "POST", "/qr", query=dict(request.query), body=body)
            if answer.status != 404:
                break
        assert answer is not None
        return answer.response()

    async def notify(self, request: web.Request) -> web.Response:
        """One delivery; its number says whose it is."""
        worker = self._owner(request.match_info["id"])
        body = await request.content.read() or None
        answer = await self._links.ask(worker, request.method, _path(request), query=dict(request.query), body=body)
        return answer.response()

    def _owner(self, delivery_id: str) -> Worker:
        text = delivery_id.removeprefix("n")
        known = text.isascii() and text.isdigit() and len(text) < _DIGITS and int(text) > 0
        return self._links.all[Numbers(count=len(self._links.all)).owner(int(text)) if known else 0]

    async def reorder(self, request: web.Request) -> web.Response:
        """Deliveries in the order given, whosever they are."""
        ids = (await read_json(request)).get("ids")
        if not isinstance(ids, list) or len({*map(str, ids)}) < len(ids):
            raise ControlProblem(
                400, "bad_body", f"ids: {str(ids)[:200]}", next_step="give the ids of some deliveries, each once"
            )
        runs = [(worker, [*some]) for worker, some in groupby(map(str, ids), key=self._owner)]
        for worker, some in runs:
            for one in some:
                await self._links.good(worker, "GET", f"/notifies/{quoted(one)}")  # all are there before any leaves
        items: list[Any] = []
        for worker, some in runs or [(self._links.all[0], [])]:
            body = orjson.dumps({"ids": some})
            items += (await self._links.good(worker, "POST", "/notifies/reorder", body=body))["items"]
        return json_response({"items": items})


def _path(request: web.Request) -> str:
    return request.rel_url.raw_path.removeprefix("/control/v1")
