"""
Server-sent events over plain aiohttp: one response that stays open, and an end for all of them when the server stops.

No heartbeat: it would be a timer for ever, and in virtual time the clock would run away with it. A reader that has left
is noticed at the next event.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from aiohttp import ClientConnectionResetError, web

from mock_providers.core.control.problems import ControlProblem

Event = tuple[str, object]


class Streams(set[asyncio.Task[Any]]):
    """The tasks that serve readers at this moment."""


STREAMS = web.AppKey("streams", Streams)


async def stream_events(
    request: web.Request, batches: AsyncGenerator[Sequence[Event], None], *, start: str
) -> web.StreamResponse:
    """
    Send *batches* as they come, until they end, the reader leaves or the server stops.

    Args:
        batches: of (id, JSON value); closed here.
        start: the id behind which they begin; a comment tells it before the first event.
    """
    answer = web.StreamResponse(headers={"Cache-Control": "no-store"})
    answer.content_type = "text/event-stream"
    await answer.prepare(request)
    task = asyncio.current_task()
    assert task is not None
    request.app[STREAMS].add(task)
    try:
        async with aclosing(batches) as closing:
            # Headers leave with the first byte, and the reader waits for them.
            await answer.write(b": %s\n\n" % start.encode())
            async for batch in closing:
                await answer.write(b"".join(_frame(name, value) for name, value in batch))
    except ClientConnectionResetError:
        pass  # the reader has left
    finally:
        request.app[STREAMS].discard(task)
    return answer


async def end_streams(app: web.Application) -> None:
    """Let go of every reader; a stopping server would wait for them otherwise."""
    streams = app[STREAMS]
    for task in tuple(streams):
        task.cancel()


def last_event_id(request: web.Request) -> str | None:
    """
    The id of the last event that a returning reader has seen; None for a new reader.

    Raises:
        ControlProblem: it is none of ours.
    """
    text = request.headers.get("Last-Event-ID")
    if text is not None and not (0 < len(text) < 200 and text.isascii() and text.replace(".", "0").isdigit()):
        raise ControlProblem(400, "bad_query", f"Last-Event-ID: {text}", next_step="give back an id that was sent")
    return text


def _frame(name: str, value: object) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(value))
