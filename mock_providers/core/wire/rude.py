"""
Sends an answer the way a reply plan wants it: late, cut short, drop by drop, spoiled, by another's hand, or not at all.

Knows the bytes and the connection; what they mean and why it happens is for others to know.
"""

import math
import socket
import struct
from asyncio import BaseTransport, WriteTransport
from contextlib import suppress
from dataclasses import replace
from typing import cast

from aiohttp import web
from multidict import CIMultiDict

from mock_providers.core.clock import Clock
from mock_providers.core.plans import ReplyPlan
from mock_providers.core.records import record
from mock_providers.core.wire.journal import RawResponse
from mock_providers.core.wire.reply import WireReply

# A body that drips comes in so many drops at most.
_DROPS = 20
# Closing with this option set sends a reset and forgets what is on its way.
_LINGER_0 = struct.pack("ii", 1, 0)
_HANGING_UP = {"close": "closed", "reset": "reset"}
_REASONS = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"


@record
class Ending:
    """
    How an exchange ends on the wire.

    Args:
        sent: head and body as far as they are sent; None where nothing is.
        promised: the body's length as the head tells it.
        error: what the journal says of an end that HTTP does not know.
    """

    sent: RawResponse | None
    promised: int = 0
    error: str | None = None


def ending(reply: WireReply | None, plan: ReplyPlan) -> Ending:
    """
    What becomes of *reply*, which is None where the provider was not asked.
    """
    if plan.hang_up:
        return Ending(None, error=f"connection {_HANGING_UP[plan.hang_up]} instead of an answer")
    if plan.status is not None:
        page = _PAGE.format(f"{plan.status} {_REASONS.get(plan.status, 'Error')}").encode()
        whole = RawResponse(plan.status, (("Content-Type", "text/html"),), page)
    else:
        assert reply is not None, "a plan without work has another end for the exchange"
        whole = RawResponse(reply.status, reply.headers, _mangled(reply.body) if plan.mangle else reply.body)
    length = len(whole.body)
    if plan.cut >= 1:
        return Ending(whole, promised=length)
    part = replace(whole, body=whole.body[: int(length * plan.cut)])
    # Where there is nothing to cut, the promise is broken by one byte all the same.
    promised = max(length, 1)
    return Ending(part, promised, f"connection closed after {len(part.body)} of {promised} bytes of the body")


def _mangled(body: bytes) -> bytes:
    """The halves in the wrong order: no JSON, no XML, and no form whose signature fits."""
    half = len(body) // 2
    return body[half:] + body[:half] if half else b"{"


async def send(request: web.BaseRequest, how: Ending, plan: ReplyPlan, *, stamp: Clock) -> web.StreamResponse:
    """
    Carry *plan* out.

    Returns:
        What has been sent, or what goes nowhere because the connection is gone.
    """
    sent = how.sent
    if sent is None:
        _end(request, reset=plan.hang_up == "reset")
        return web.Response()
    whole = len(sent.body) >= how.promised
    with suppress(ConnectionError):  # a client that has lost patience
        if whole and plan.drip_s <= 0:
            answer = web.Response(status=sent.status, headers=CIMultiDict(sent.headers), body=sent.body)
            await answer.prepare(request)
            await answer.write_eof()
            return answer
        response = web.StreamResponse(status=sent.status, headers=CIMultiDict(sent.headers))
        response.content_length = how.promised
        await response.prepare(request)
        await _write(response, sent.body, drip_s=plan.drip_s, stamp=stamp)
        if whole:
            await response.write_eof()
        else:
            _end(request, reset=False)
        return response
    return web.Response()


async def _write(response: web.StreamResponse, body: bytes, *, drip_s: float, stamp: Clock) -> None:
    """At once, or in drops that fall at equal distances, the last one when the time is over."""
    if drip_s <= 0:
        await response.write(body)
        return
    size = max(math.ceil(len(body) / _DROPS), 1)
    drops = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    for drop in drops:
        await stamp.sleep(drip_s / len(drops))
        await response.write(drop)


def _end(request: web.BaseRequest, *, reset: bool) -> None:
    """Close the connection behind *request*, or tear it down so that the client sees a reset."""
    transport = cast("BaseTransport | None", request.transport)
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
    cast("WriteTransport", transport).abort()
