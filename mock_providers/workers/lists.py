"""Lists of several workers as one: pages, the journal's file and its stream."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from mock_providers.core.control.events import Event, last_event_id, stream_events
from mock_providers.core.control.problems import ControlProblem, json_response
from mock_providers.core.control.reading import read_limit
from mock_providers.core.numbers import Numbers
from mock_providers.workers.links import Answer, Links, PassedOn, quoted
from mock_providers.workers.merging import ENDED, parts_of, share_out
from mock_providers.workers.parent import Worker

Route = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]

_CHUNK = 500
# What each list is sorted by.
_ORDERED_BY = {
    "/trades": "created_at",
    "/payouts": "asked_at",
    "/notifies": "due_at",
    "/faults/decisions": "seq",
    "/journal": "stamp_at",
}


class ListCalls:
    """The calls that page, and those on one exchange."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def routes(self) -> Sequence[Route]:
        """Which call is which."""
        return (
            *(("GET", path, self.page) for path in _ORDERED_BY),
            ("GET", "/merchants", self.merchants),
            ("GET", "/journal/stream", self.stream),
            ("GET", "/journal/{seq}", self.entry),
            ("GET", "/journal.ndjson", self.download),
        )

    async def merchants(self, request: web.Request) -> web.Response:
        """Who is served, and by whom."""
        answers = await self._links.everybody("GET", "/merchants", query=request.query)
        items = [{**one, "worker": index} for index, answer in enumerate(answers) for one in answer["items"]]
        return json_response({"items": items})

    async def page(self, request: web.Request) -> web.Response:
        """A page of everybody's list."""
        path = str(request.rel_url.raw_path).partition("/control/v1")[2]
        items, cursor = await self._page(path, request, after=self._cursor(request), limit=read_limit(request))
        return json_response({"items": items, "next": cursor})

    def _cursor(self, request: web.Request) -> list[str]:
        given = request.query.get("after")
        parts = parts_of(given, len(self._links.all))
        if parts is None:
            raise ControlProblem(400, "bad_query", f"after={given}", next_step="give back a cursor that was answered")
        return parts

    async def _page(
        self, path: str, request: web.Request, *, after: list[str], limit: int
    ) -> tuple[list[Any], str | None]:
        query = {name: value for name, value in request.query.items() if name not in {"after", "limit"}}
        asked = await asyncio.gather(
            *(
                self._some(worker, path, query, after=part, limit=limit)
                for worker, part in zip(self._links.all, after, strict=True)
            )
        )
        items, counts = share_out([one["items"] for one in asked], by=_ORDERED_BY[path], limit=limit)
        parts = await asyncio.gather(
            *(
                self._next(worker, path, query, answer=answer, after=part, taken=taken)
                for worker, part, answer, taken in zip(self._links.all, after, asked, counts, strict=True)
            )
        )
        return items, None if all(part == ENDED for part in parts) else ".".join(parts)

    async def _some(self, worker: Worker, path: str, query: dict[str, str], *, after: str, limit: int) -> Any:
        if after == ENDED:
            return {"items": [], "next": None}
        return await self._links.good(worker, "GET", path, query={**query, "after": after, "limit": limit})

    async def _next(
        self, worker: Worker, path: str, query: dict[str, str], *, answer: Any, after: str, taken: int
    ) -> str:
        """The cursor behind what was taken; a worker knows it when it is asked for no more than that."""
        if taken < len(answer["items"]):
            if not taken:
                return after
            answer = await self._some(worker, path, query, after=after, limit=taken)
        return ENDED if answer["next"] is None else str(answer["next"])

    async def entry(self, request: web.Request) -> web.Response:
        """One exchange; its number says whose it is."""
        text = request.match_info["seq"]
        known = text.isascii() and text.isdigit() and 0 < len(text) < 16 and int(text) > 0
        owner = Numbers(count=len(self._links.all)).owner(int(text)) if known else 0
        answer = await self._links.ask(
            self._links.all[owner], "GET", f"/journal/{quoted(text)}", query=dict(request.query)
        )
        return answer.response()

    async def download(self, request: web.Request) -> web.StreamResponse:
        """What everybody's memory holds, one JSON object a line."""
        if "limit" in request.query:
            raise ControlProblem(400, "bad_query", "a file has no limit", next_step="leave limit out")
        cursor: str | None = ".".join(self._cursor(request))
        items, cursor = await self._page("/journal", request, after=self._parts(cursor), limit=_CHUNK)
        answer = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="journal.ndjson"'})
        answer.content_type = "application/x-ndjson"
        await answer.prepare(request)
        while True:
            await answer.write(b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items))
            if cursor is None:
                break
            items, cursor = await self._page("/journal", request, after=self._parts(cursor), limit=_CHUNK)
        await answer.write_eof()
        return answer

    def _parts(self, cursor: str | None) -> list[str]:
        parts = parts_of(cursor, len(self._links.all))
        assert parts is not None
        return parts

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Everybody's exchanges as they end."""
        named = parts_of(last_event_id(request) or request.query.get("after"), len(self._links.all))
        fresh = "Last-Event-ID" not in request.headers and "after" not in request.query
        query = {name: value for name, value in request.query.items() if name != "after"}
        merged = _Merged(self._links, query, None if fresh else named)
        try:
            await merged.opened()
            return await stream_events(request, merged.batches(), start=merged.position)
        finally:
            await merged.close()


class _Merged:
    """Everybody's stream, put together as it comes."""

    def __init__(self, links: Links, query: dict[str, str], after: list[str] | None) -> None:
        self._queue: asyncio.Queue[tuple[int, str, Any]] = asyncio.Queue()
        self._at = ["0"] * len(links.all)
        self._open: list[asyncio.Future[Exception | None]] = [
            asyncio.get_running_loop().create_future() for _ in links.all
        ]
        begins = [None if part == ENDED else part for part in after] if after else [None] * len(links.all)
        self._tasks = [
            asyncio.create_task(self._follow(links, worker, {**query, "after": begin}))
            for worker, begin in zip(links.all, begins, strict=True)
        ]

    @property
    def position(self) -> str:
        """Behind the last event of everybody."""
        return ".".join(self._at)

    async def opened(self) -> None:
        """
        Wait until everybody listens.

        Raises:
            PassedOn: a worker refuses.
            ControlProblem: a worker is away.
        """
        refusals = [one for one in await asyncio.gather(*self._open) if one is not None]
        if refusals:
            raise refusals[0]

    async def batches(self) -> AsyncGenerator[list[Event], None]:
        """What everybody says, in the order of arrival; it ends when one falls silent, and readers return."""
        while True:
            index, name, value = await self._queue.get()
            if not name:
                return
            self._at[index] = name
            yield [(self.position, value)]

    async def close(self) -> None:
        """Listen no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, links: Links, worker: Worker, query: dict[str, str | None]) -> None:
        opened = self._open[worker.index]
        try:
            await self._listen(links, worker, query)
        except (PassedOn, ControlProblem, aiohttp.ClientError) as problem:
            if not opened.done():
                opened.set_result(problem)
        finally:
            self._queue.put_nowait((worker.index, "", None))

    async def _listen(self, links: Links, worker: Worker, query: dict[str, str | None]) -> None:
        path = "/journal/stream"
        async with links.open(worker, "GET", path, query=query) as answer:
            if answer.status >= 400:
                raise PassedOn(Answer(answer.status, answer.content_type, await answer.read()))
            first = await answer.content.readuntil(b"\n\n")
            self._at[worker.index] = first.strip(b": \n").decode()
            self._open[worker.index].set_result(None)
            while block := await answer.content.readuntil(b"\n\n"):
                fields = dict(line.split(b": ", 1) for line in block.splitlines() if b": " in line)
                if b"data" in fields:
                    await self._queue.put((worker.index, fields[b"id"].decode(), orjson.loads(fields[b"data"])))
