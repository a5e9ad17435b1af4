"""
The control API of several workers: the same contract on one port, each call answered by whoever knows, or by all.

It holds nothing of a run itself, but the rules that were last put in force, for workers that come back.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

import mock_providers.core.control
from mock_providers.core.control.events import STREAMS, Streams, end_streams
from mock_providers.core.control.problems import Handler, guard
from mock_providers.core.wire.server import url_of
from mock_providers.workers.links import BASE, Links, PassedOn
from mock_providers.workers.lists import ListCalls
from mock_providers.workers.merging import added_up, clock_of, info_of
from mock_providers.workers.orders import OrderCalls
from mock_providers.workers.parent import Worker, Workers
from mock_providers.workers.runs import RunCalls

_CONTRACT = Path(mock_providers.core.control.__file__).with_name("openapi.yaml")
_SHUTDOWN_S = 2.0


class ControlFront:
    """Listens for tests and for people with curl."""

    def __init__(self, workers: Workers, *, token: str) -> None:
        self.url = ""
        self._links = Links(workers)
        self._rules: bytes | None = None
        self._app = web.Application(middlewares=[guard(token), _pass_on], client_max_size=0)
        self._app[STREAMS] = Streams()
        self._app.on_shutdown.append(end_streams)
        self._route()
        self._runner: web.AppRunner | None = None

    def _route(self) -> None:
        router, links = self._app.router, self._links
        for method, path, handler in (
            ("GET", "/health", self.health),
            ("GET", "/info", self.info),
            ("GET", "/openapi.yaml", self.openapi),
            ("GET", "/counts", self.counts),
            ("GET", "/clock", self.clock),
            ("POST", "/clock/advance", self.advance),
            ("POST", "/clock/rate", self.rate),
            ("GET", "/faults", self.faults),
            ("PUT", "/faults", self.change_rules),
            ("POST", "/faults/rules", self.change_rules),
            ("DELETE", "/faults/rules/{id}", self.change_rules),
            *ListCalls(links).routes(),
            *OrderCalls(links, self._advance).routes(),
            *RunCalls(links).routes(),
        ):
            router.add_route(method, BASE + path, handler)

    async def start(self, *, host: str, port: int) -> None:
        """Listen; `url` is known afterwards."""
        self._links.start()
        self._runner = web.AppRunner(self._app, handle_signals=False, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = url_of(self._runner)

    async def stop(self) -> None:
        """Answer what is in hand, then close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._links.stop()

    async def came_back(self, worker: Worker) -> None:
        """Give a worker that was started again the rules and the schedule of the others."""
        if self._rules is not None:
            await self._links.ask(worker, "PUT", "/faults", body=self._rules, even_down=True)
        others = [one for one in self._links.all if one is not worker and one.up.is_set()]
        if not others:
            return
        clock = await self._links.good(others[0], "GET", "/clock")
        rate = orjson.dumps({"rate": clock["rate"]})
        await self._links.ask(worker, "POST", "/clock/rate", body=rate, even_down=True)
        own = (await self._links.ask(worker, "GET", "/clock", even_down=True)).json
        await self._catch_up(worker, own, clock["schedule_at"], even_down=True)

    async def health(self, request: web.Request) -> web.Response:
        """Everybody is there."""
        return _json((await self._links.everybody("GET", "/health", query=request.query))[0])

    async def info(self, request: web.Request) -> web.Response:
        """What runs here."""
        return _json(info_of(await self._links.everybody("GET", "/info", query=request.query)))

    async def openapi(self, _: web.Request) -> web.Response:
        """The contract of these calls."""
        return web.Response(body=_CONTRACT.read_bytes(), content_type="application/yaml")

    async def counts(self, request: web.Request) -> web.Response:
        """How many deliveries of which kind."""
        return _json(added_up(await self._links.everybody("GET", "/counts", query=request.query)))

    async def clock(self, request: web.Request) -> web.Response:
        """Both clocks."""
        return _json(clock_of(await self._links.everybody("GET", "/clock", query=request.query)))

    async def rate(self, request: web.Request) -> web.Response:
        """How fast all schedules flow."""
        return _json(clock_of(await self._links.everybody("POST", "/clock/rate", body=await request.content.read())))

    async def advance(self, request: web.Request) -> web.Response:
        """Move all schedules; where one has stopped early, the others' time is its time too."""
        return _json(await self._advance(await request.content.read()))

    async def _advance(self, body: bytes) -> dict[str, Any]:
        readings = await self._links.everybody("POST", "/clock/advance", body=body)
        latest = max(one["schedule_at"] for one in readings)
        await asyncio.gather(
            *(self._catch_up(worker, own, latest) for worker, own in zip(self._links.all, readings, strict=True))
        )
        return clock_of(await self._links.everybody("GET", "/clock"))

    async def _catch_up(self, worker: Worker, own: Any, latest: str, *, even_down: bool = False) -> None:
        behind_s = (datetime.fromisoformat(latest) - datetime.fromisoformat(own["schedule_at"])).total_seconds()
        if behind_s > 0:
            body = orjson.dumps({"seconds": behind_s})
            await self._links.ask(worker, "POST", "/clock/advance", body=body, even_down=even_down)

    async def faults(self, request: web.Request) -> web.Response:
        """The rules in force, which are everybody's."""
        return _json(await self._links.good(self._links.all[0], "GET", "/faults", query=request.query))

    async def change_rules(self, request: web.Request) -> web.Response:
        """Other rules, one more or one less, for everybody."""
        path = request.rel_url.raw_path.removeprefix(BASE)
        answers = await self._links.everybody(
            request.method, path, query=request.query, body=await request.content.read()
        )
        self._rules = orjson.dumps(answers[0])
        return _json(answers[0])


@web.middleware
async def _pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except PassedOn as refused:
        return refused.answer.response()


def _json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
