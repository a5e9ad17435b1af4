"""Calls about the whole run: planted differences, reset, snapshot and restore."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from mock_providers.core.control.handlers import bad_snapshot
from mock_providers.core.control.problems import json_response, read_json
from mock_providers.core.snapshot import Snapshot, from_json, to_json
from mock_providers.errors import BookRefused
from mock_providers.workers.links import Links
from mock_providers.workers.lists import Route
from mock_providers.workers.merging import info_of, one_snapshot, snapshot_parts

_BILLS = "/bills/planted"


class RunCalls:
    """Answers for everybody."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def routes(self) -> Sequence[Route]:
        """Which call is which."""
        return (
            ("GET", _BILLS, self.planted),
            ("POST", _BILLS, self.plant),
            ("DELETE", _BILLS, self.planted),
            ("POST", "/reset", self.reset),
            ("GET", "/snapshot", self.snapshot),
            ("PUT", "/snapshot", self.restore),
        )

    async def planted(self, request: web.Request) -> web.Response:
        """Everybody's differences, or nobody's any more."""
        answers = await self._links.everybody(request.method, _BILLS, query=dict(request.query))
        return json_response({"items": [one for answer in answers for one in answer["items"]]})

    async def plant(self, request: web.Request) -> web.Response:
        """One more difference, at whose merchant's it is; a stranger's is refused by the first."""
        body, raw = await read_json(request), await request.read()
        owners = await self._owners()
        index = owners.get((str(body.get("provider")), str(body.get("merchant_id"))), 0)
        await self._links.good(self._links.all[index], "POST", _BILLS, body=raw)
        answers = await self._links.everybody("GET", _BILLS)
        return json_response({"items": [one for answer in answers for one in answer["items"]]})

    async def reset(self, request: web.Request) -> web.Response:
        """Everybody forgets."""
        return json_response((await self._links.everybody("POST", "/reset", query=dict(request.query)))[0])

    async def snapshot(self, _: web.Request) -> web.Response:
        """Everybody's run as one."""
        answers = await asyncio.gather(*(self._links.ask(one, "GET", "/snapshot") for one in self._links.all))
        merged = one_snapshot([from_json(answer.body) for answer in answers])
        return web.Response(body=to_json(merged), content_type="application/json")

    async def restore(self, request: web.Request) -> web.Response:
        """Each gets its merchants' part; nobody forgets anything before it is clear that all of it fits."""
        document = b"".join([chunk async for chunk in request.content.iter_any()])
        try:
            snapshot = from_json(document)
        except ValidationError as refused:
            raise bad_snapshot(refused) from None
        owners = await self._owners()
        await self._must_fit(snapshot, owners)
        parts = snapshot_parts(snapshot, owner=lambda *who: owners.get(who, 0), count=len(self._links.all))
        for worker, part in zip(self._links.all, parts, strict=True):
            await self._links.good(worker, "PUT", "/snapshot", body=to_json(part))
        return json_response(info_of(await self._links.everybody("GET", "/info")))

    async def _must_fit(self, snapshot: Snapshot, owners: dict[tuple[str, str], int]) -> None:
        seed = (await self._links.good(self._links.all[0], "GET", "/info"))["seed"]
        if snapshot.seed != seed:
            raise BookRefused("other_seed", f"the snapshot was made with seed {snapshot.seed}, this is {seed}")
        for name, merchant in snapshot.merchants:
            if (name, merchant) not in owners:
                raise BookRefused("other_merchants", f"the snapshot names {merchant} of {name}, who has no keys here")

    async def _owners(self) -> dict[tuple[str, str], int]:
        answers: list[Any] = await self._links.everybody("GET", "/merchants")
        return {
            (one["provider"], one["merchant_id"]): index
            for index, answer in enumerate(answers)
            for one in answer["items"]
        }
