"""
The room's page: watch, tip, scan, see it turn paid. Rendered on the server, and whole without a script.

Whoever opens it carries a page token, made for one buyer and one room by the merchant's backend. What a person typed is
checked as strictly as what a merchant sends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reference_gateway.channels.wallet import BALANCE
from reference_gateway.domain.accounts import WALLET
from reference_gateway.domain.events import payment_view
from reference_gateway.domain.feed import Topic
from reference_gateway.domain.money import AMOUNT_FEN_MAX, fen_of_yuan_text, yuan_text_of_fen
from reference_gateway.domain.room import Room
from reference_gateway.errors import BadRequest, UnknownRoom
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.bodies import parse, read_body
from reference_gateway.http.live_bodies import PageTokenBody
from reference_gateway.http.page_tokens import PageToken, PageTokens
from reference_gateway.http.page_words import WORDS, language
from reference_gateway.http.problems import json_response
from reference_gateway.http.qr import qr_svg
from reference_gateway.http.streams import own_payment, tip_on_page
from reference_gateway.service.live.feed import LiveFeed
from reference_gateway.service.live.rooms import Rooms
from reference_gateway.service.orders.create_payment import CreatePayment, OrderRequest
from reference_gateway.service.orders.purposes import Purpose
from reference_gateway.service.orders.query_payment import QueryPayment
from reference_gateway.service.runtime import Runtime

AMOUNTS = ("1.00", "6.66", "9.90", "52.00", "188.00", "520.00")
TIPS_SHOWN = 20
_TIP_NO = re.compile(r"web[0-9A-Za-z]{8,40}", re.ASCII)
_TEMPLATES = Path(__file__).with_name("templates")


class PageApi:
    """Handlers of /rooms, and the tokens that open them."""

    def __init__(
        self,
        runtime: Runtime,
        gatekeeper: Gatekeeper,
        tokens: PageTokens,
        *,
        rooms: Rooms,
        create: CreatePayment,
        query: QueryPayment,
        feed: LiveFeed,
    ) -> None:
        self._runtime = runtime
        self._gatekeeper = gatekeeper
        self._tokens = tokens
        self._rooms = rooms
        self._create = create
        self._query = query
        self._feed = feed
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/rooms/{room_id}/page-tokens", self.make_token),
            web.get("/rooms/{room_id}", self.room),
            web.post("/rooms/{room_id}/tips", self.tip),
            web.get("/rooms/{room_id}/payments/{payment_id}", self.payment),
        ]

    async def make_token(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        app = await self._gatekeeper.admit(request, body)
        wanted = parse(PageTokenBody, request.content_type, body)
        room = await self._rooms.read(app.app_id, request.match_info["room_id"])
        token = self._tokens.make(app, room.id, wanted.buyer_id, wanted.ttl_s)
        url = f"{self._runtime.public_url}/rooms/{room.id}?token={token}"
        return json_response({"token": token, "url": url}, status=201)

    async def room(self, request: web.Request) -> web.Response:
        text = request.query.get("token", "")
        token, room = await self._opened(request, text)
        position = await self._feed.now()
        async with self._runtime.units() as unit:
            latest = await unit.feed_latest(Topic(room.app_id, room_id=room.id), limit=TIPS_SHOWN)
        words = WORDS[language(request.headers.get("Accept-Language", ""))]
        balance_fen = await self._rooms.wallet_fen(token.app_id, token.buyer_id)
        return self._page(
            request,
            "room.html",
            room=room,
            token=text,
            tips=[tip for tip in map(tip_on_page, latest) if tip is not None],
            position=position,
            tip_no=self._runtime.ids.new("web"),
            amounts=AMOUNTS,
            channels=self._channels(words, balance_fen),
        )

    async def tip(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise BadRequest("send the form as application/x-www-form-urlencoded", code="unsupported_media_type")
        form = await request.post()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        text = fields.get("token", "")
        token, room = await self._opened(request, text)
        admission = await self._create(token.app_id, _order(fields, token, room), idempotency_key=None)
        payment = own_payment(admission.payment, token)
        raise web.HTTPSeeOther(f"/rooms/{room.id}/payments/{payment.id}?token={text}")

    async def payment(self, request: web.Request) -> web.Response:
        text = request.query.get("token", "")
        token, room = await self._opened(request, text)
        payment = own_payment(await self._query.read(token.app_id, request.match_info["payment_id"]), token)
        code = (payment.pay_params or {}).get("qr_code")
        return self._page(
            request,
            "payment.html",
            room=room,
            token=text,
            payment=payment_view(payment),
            amount_yuan_text=yuan_text_of_fen(payment.amount_fen),
            qr=qr_svg(code) if code else None,
        )

    async def _opened(self, request: web.Request, text: str) -> tuple[PageToken, Room]:
        token = self._tokens.check(text)
        if token.room_id != request.match_info["room_id"]:
            raise UnknownRoom
        return token, await self._rooms.read(token.app_id, token.room_id)

    def _channels(self, words: Mapping[str, Mapping[str, str]], balance_fen: int) -> list[dict[str, str]]:
        names = [name for name, channel in self._runtime.channels.items() if "qr" in channel.supports()]
        shown = [{"name": name, "label": words["channels"].get(name, name)} for name in names]
        balance = str(words["wallet"]).format(balance=yuan_text_of_fen(balance_fen))
        return [*shown, {"name": WALLET, "label": balance}]

    def _page(self, request: web.Request, template: str, **values: object) -> web.Response:
        nonce = self._runtime.ids.new("n")
        lang = language(request.headers.get("Accept-Language", ""))
        html = self._templates.get_template(template).render(nonce=nonce, lang=lang, t=WORDS[lang], **values)
        policy = (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(text=html, content_type="text/html", headers=headers)


def _order(fields: Mapping[str, str], token: PageToken, room: Room) -> OrderRequest:
    tip_no = fields.get("tip_no", "")
    if _TIP_NO.fullmatch(tip_no) is None:
        raise BadRequest("tip_no: open the room's page again", code="invalid_field")
    try:
        amount_fen = fen_of_yuan_text(fields.get("amount_yuan", ""))
    except ValueError as error:
        raise BadRequest(f"amount_yuan: {error}", code="invalid_field") from error
    if not 0 < amount_fen <= AMOUNT_FEN_MAX:
        raise BadRequest("amount_yuan: more than nothing, and not more than a channel takes", code="invalid_field")
    channel = fields.get("channel", "")
    return OrderRequest(
        merchant_order_no=tip_no,
        amount_fen=amount_fen,
        currency="CNY",
        subject=f"tip: {room.title}"[:256],
        channel=channel,
        product=BALANCE if channel == WALLET else "qr",
        buyer_id=token.buyer_id,
        room_id=room.id,
        purpose=Purpose.TIP.value,
    )
