"""The journal by page, as a stream of events, and as a file; what an entry looks like is the journal's business."""

from collections.abc import AsyncGenerator

import orjson
from aiohttp import web

from mock_providers.core.control.events import Event, last_event_id, stream_events
from mock_providers.core.control.problems import ControlProblem, json_response
from mock_providers.core.control.reading import only_query, read_after, read_limit, read_text, read_word
from mock_providers.core.control.state import ControlState
from mock_providers.core.wire.journal import Wanted

_FILTERS = ("provider", "order", "label", "direction", "signature")
_DIRECTIONS = ("in", "out")
_SIGNATURES = ("ok", "refused", "unchecked")
_CHUNK = 500


class WireLogHandlers:
    """Answers out of one journal."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def page(self, request: web.Request) -> web.Response:
        """Every exchange, raw."""
        wanted = _wanted(request)
        items, cursor = self._state.journal.page(wanted, after=read_after(request), limit=read_limit(request))
        return json_response({"items": items, "next": cursor})

    async def entry(self, request: web.Request) -> web.Response:
        """One exchange by its number."""
        text = request.match_info["seq"]
        seq = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
        items, _ = self._state.journal.page(after=max(seq - 1, 0), limit=1)
        if not items or items[0]["seq"] != seq:
            raise ControlProblem(
                404,
                "unknown_entry",
                f"the journal holds no entry {text}",
                next_step="list what memory still holds with GET /control/v1/journal",
            )
        return json_response(items[0])

    async def download(self, request: web.Request) -> web.StreamResponse:
        """What memory holds, one JSON object a line."""
        wanted, journal = _wanted(request), self._state.journal
        answer = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="journal.ndjson"'})
        answer.content_type = "application/x-ndjson"
        await answer.prepare(request)
        cursor: int | None = read_after(request)
        while cursor is not None:
            items, cursor = journal.page(wanted, after=cursor, limit=_CHUNK)
            await answer.write(b"".join(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in items))
        await answer.write_eof()
        return answer

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """
        Every exchange as it ends, as server-sent events, until the reader leaves.

        Begins after `Last-Event-ID`, or after the query's `after`; without either, with the next exchange.
        """
        wanted, journal = _wanted(request), self._state.journal
        start = _start(request, latest=journal.last)
        return await stream_events(request, self._batches(wanted, after=start), start=str(start))

    async def _batches(self, wanted: Wanted, *, after: int) -> AsyncGenerator[list[Event], None]:
        journal = self._state.journal
        while True:
            items, after = journal.read(wanted, after=after, limit=_CHUNK)
            if items:
                yield [(str(item["seq"]), item) for item in items]
            await journal.grown(after=after)


def _start(request: web.Request, *, latest: int) -> int:
    """After which entry a stream begins; a number of another life of the simulator counts as the latest."""
    named = last_event_id(request)
    if named is not None:
        return min(int(named), latest) if named.isdigit() else latest
    return min(read_after(request), latest) if "after" in request.query else latest


def _wanted(request: web.Request) -> Wanted:
    only_query(request, *_FILTERS)
    return Wanted(
        provider=read_text(request, "provider"),
        order=read_text(request, "order"),
        label=read_text(request, "label"),
        direction=read_word(request, "direction", _DIRECTIONS),
        signature=read_word(request, "signature", _SIGNATURES),
    )
