"""
Watching: server-sent events and WebSockets for a payment or a room, to merchants' backends and buyers' pages.

Every event has an id; who comes back with it, in `Last-Event-ID` or in `after`, is told what happened meanwhile, by any
instance. A page sees of an event what a page may see. Where nothing happens a comment is sent now and then: nobody else
tells us that a reader has left, and proxies cut what is silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

import orjson
from aiohttp import ClientConnectionResetError, web

from reference_gateway.domain.feed import FeedPosition, FeedRow, Topic
from reference_gateway.domain.money import yuan_text_of_fen
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import BadRequest, UnknownPayment, UnknownRoom
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.page_tokens import PageToken, PageTokens
from reference_gateway.service.live.feed import LiveFeed
from reference_gateway.service.orders.query_payment import QueryPayment

Told = Callable[[FeedRow], object | None]
"""What a reader is told of a row; None for nothing."""

QUIET_S = 15.0
_COMMENT = b": \n\n"


class Streams:
    """Handlers that stay open."""

    def __init__(self, gatekeeper: Gatekeeper, tokens: PageTokens, *, feed: LiveFeed, query: QueryPayment) -> None:
        self._gatekeeper = gatekeeper
        self._tokens = tokens
        self._feed = feed
        self._query = query

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/payments/{payment_id}/events", self.payment_events),
            web.get("/rooms/{room_id}/events", self.room_events),
            web.get("/ws/rooms/{room_id}", self.room_socket),
        ]

    async def payment_events(self, request: web.Request) -> web.StreamResponse:
        """Tell how the payment stands, then what becomes of it."""
        payment_id = request.match_info["payment_id"]
        on_page = "token" in request.query
        if on_page:
            token = self._tokens.check(request.query["token"])
            payment = own_payment(await self._query.read(token.app_id, payment_id), token)
        else:
            app = await self._gatekeeper.admit(request, b"")
            payment = await self._query.read(app.app_id, payment_id)
        after = _after(request)
        first: list[tuple[str, object]] = []
        if after is None:
            after = await self._feed.now()
            # Read again: what was committed before that position is in it, what comes later is in the feed.
            payment = await self._query.read(payment.app_id, payment_id)
            first = [(str(after), _standing(payment))]
        rows = self._feed.follow(Topic(payment.app_id, subject_id=payment.id), after, quiet_s=QUIET_S)
        return await _stream(request, rows, told=_payment_on_page if on_page else _whole, first=first)

    async def room_events(self, request: web.Request) -> web.StreamResponse:
        topic, after = await self._room(request)
        return await _stream(request, self._feed.follow(topic, after, quiet_s=QUIET_S), told=_room_on_page)

    async def room_socket(self, request: web.Request) -> web.StreamResponse:
        """Tell the same over a WebSocket, ids inside the messages."""
        topic, after = await self._room(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        telling = asyncio.create_task(_tell(socket, self._feed.follow(topic, after)), name="room-socket")
        try:
            async for _ in socket:
                pass  # nothing is expected; reading is how the end is noticed
        finally:
            telling.cancel()
            await asyncio.wait([telling])
        return socket

    async def _room(self, request: web.Request) -> tuple[Topic, FeedPosition]:
        token = self._tokens.check(request.query.get("token", ""))
        if token.room_id != request.match_info["room_id"]:
            raise UnknownRoom
        return Topic(token.app_id, room_id=token.room_id), _after(request) or await self._feed.now()


def own_payment(payment: Payment, token: PageToken) -> Payment:
    """Return the payment if the page's buyer made it in the page's room, else say that there is none."""
    if (payment.room_id, payment.buyer_id) != (token.room_id, token.buyer_id):
        raise UnknownPayment
    return payment


def masked(buyer_id: str | None) -> str:
    """Return as much of a buyer's name as others may see."""
    return f"{buyer_id[0]}***{buyer_id[-1]}" if buyer_id else "***"


def tip_on_page(row: FeedRow) -> dict[str, object] | None:
    """Return what everybody in a room may see of an event; None when it is nothing of theirs."""
    if row.type != "payment.paid":
        return None
    data = orjson.loads(row.payload)["data"]
    if data.get("purpose") != "tip":
        return None
    amount = yuan_text_of_fen(data["amount_fen"])
    return {"type": "tip", "buyer": masked(data["buyer_id"]), "amount_yuan_text": amount}


def _room_on_page(row: FeedRow) -> object | None:
    if row.type.startswith("red_packet."):
        data = orjson.loads(row.payload)["data"]
        kept = ("id", "count", "claimed_count", "status")
        return {"type": row.type, **{name: data[name] for name in kept}}
    return tip_on_page(row)


def _standing(payment: Payment) -> Mapping[str, object]:
    return {"type": "payment", "status": payment.status.value, "ready": payment.pay_params is not None}


def _payment_on_page(row: FeedRow) -> object | None:
    data = orjson.loads(row.payload)["data"]
    return {"type": row.type, "status": data["status"], "ready": data["pay_params"] is not None}


def _whole(row: FeedRow) -> object | None:
    return orjson.Fragment(row.payload)


def _after(request: web.Request) -> FeedPosition | None:
    text = request.headers.get("Last-Event-ID") or request.query.get("after")
    if not text:
        return None
    position = FeedPosition.read(text)
    if position is None:
        raise BadRequest("Last-Event-ID is an id that was sent with an event", code="invalid_parameter")
    return position


async def _stream(
    request: web.Request,
    batches: AsyncGenerator[Sequence[FeedRow], None],
    *,
    told: Told,
    first: Sequence[tuple[str, object]] = (),
) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    answer.content_type = "text/event-stream"
    async with aclosing(batches) as closing:
        await answer.prepare(request)
        try:
            # Headers leave with the first byte, and the reader waits for them.
            await answer.write(_COMMENT + b"".join(_frame(name, value) for name, value in first))
            async for rows in closing:
                seen = [(str(row.position), told(row)) for row in rows]
                frames = b"".join(_frame(name, value) for name, value in seen if value is not None)
                await answer.write(frames or _COMMENT)
        except ClientConnectionResetError:
            pass  # the reader has left
    return answer


def _frame(name: str, value: object) -> bytes:
    return b"id: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(value))


async def _tell(socket: web.WebSocketResponse, batches: AsyncGenerator[Sequence[FeedRow], None]) -> None:
    async with aclosing(batches) as closing:
        try:
            async for rows in closing:
                await _send(socket, rows)
        except ClientConnectionResetError:
            return
    await socket.close()


async def _send(socket: web.WebSocketResponse, rows: Sequence[FeedRow]) -> None:
    for row in rows:
        if (seen := _room_on_page(row)) is not None:
            await socket.send_str(orjson.dumps({"id": str(row.position), "event": seen}).decode())
