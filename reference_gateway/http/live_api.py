"""
The merchant API of the live rooms: rooms, goods, wallets, red packets, payouts.

Each handler authenticates, validates, calls one use case and shapes the answer.
"""

from __future__ import annotations

from aiohttp import web

from reference_gateway.apps import App
from reference_gateway.domain.events import payment_view
from reference_gateway.domain.live_events import claim_view, good_view, packet_view, payout_view, room_view, stock_view
from reference_gateway.domain.red_packet import COUNT_MAX
from reference_gateway.errors import BadRequest
from reference_gateway.http.auth import Gatekeeper
from reference_gateway.http.bodies import parse, read_body
from reference_gateway.http.live_bodies import ClaimBody, GoodBody, PacketBody, PayoutBody, RoomBody
from reference_gateway.http.problems import json_response
from reference_gateway.service.live.payouts import ENDED, Payouts
from reference_gateway.service.live.red_packets import RedPackets
from reference_gateway.service.live.rooms import Rooms
from reference_gateway.service.orders.create_payment import is_waiting


class LiveApi:
    """Handlers under /api/v1 for what is not a payment itself."""

    def __init__(self, gatekeeper: Gatekeeper, *, rooms: Rooms, packets: RedPackets, payouts: Payouts) -> None:
        self._gatekeeper = gatekeeper
        self._rooms = rooms
        self._packets = packets
        self._payouts = payouts

    def routes(self) -> list[web.RouteDef]:
        packet = "/api/v1/red-packets/{packet_id}"
        return [
            web.post("/api/v1/rooms", self.make_room),
            web.get("/api/v1/rooms/{room_id}", self.read_room),
            web.post("/api/v1/rooms/{room_id}/close", self.close_room),
            web.post("/api/v1/goods", self.make_good),
            web.get("/api/v1/goods/{good_id}", self.read_good),
            web.get("/api/v1/payments/{payment_id}/stock", self.read_stock),
            web.get("/api/v1/wallets/{buyer_id}", self.read_wallet),
            web.post("/api/v1/red-packets", self.fund),
            web.get(packet, self.read_packet),
            web.post(f"{packet}/claims", self.claim),
            web.get(f"{packet}/claims", self.claims),
            web.post("/api/v1/payouts", self.pay_out),
            web.get("/api/v1/payouts/{payout_id}", self.read_payout),
        ]

    async def make_room(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request)
        room, fresh = await self._rooms.make(app.app_id, parse(RoomBody, request.content_type, body).request())
        headers = {"Location": f"/api/v1/rooms/{room.id}"}
        return json_response(room_view(room), status=201 if fresh else 200, headers=headers)

    async def read_room(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        room = await self._rooms.read(app.app_id, request.match_info["room_id"])
        return json_response({**room_view(room), "streamer_balance_fen": await self._rooms.streamer_fen(room)})

    async def close_room(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        return json_response(room_view(await self._rooms.close(app.app_id, request.match_info["room_id"])))

    async def make_good(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request)
        good, fresh = await self._rooms.make_good(app.app_id, parse(GoodBody, request.content_type, body).request())
        headers = {"Location": f"/api/v1/goods/{good.id}"}
        return json_response(good_view(good), status=201 if fresh else 200, headers=headers)

    async def read_good(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        return json_response(good_view(await self._rooms.good(app.app_id, request.match_info["good_id"])))

    async def read_stock(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        return json_response(stock_view(*await self._rooms.stock_of(app.app_id, request.match_info["payment_id"])))

    async def read_wallet(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        buyer_id = request.match_info["buyer_id"]
        balance_fen = await self._rooms.wallet_fen(app.app_id, buyer_id)
        return json_response({"buyer_id": buyer_id, "balance_fen": balance_fen})

    async def fund(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request)
        wanted = parse(PacketBody, request.content_type, body).request()
        if wanted.amount_fen < wanted.count:
            raise BadRequest(f"amount_fen: {wanted.count} shares need at least 1 fen each", code="invalid_field")
        packet, admission = await self._packets.fund(app.app_id, wanted)
        status = 201 if admission.fresh else 200
        if is_waiting(admission.payment):
            status = 202
        told = {**packet_view(packet), "payment": payment_view(admission.payment)}
        return json_response(told, status=status, headers={"Location": f"/api/v1/red-packets/{packet.id}"})

    async def read_packet(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        return json_response(packet_view(await self._packets.read(app.app_id, request.match_info["packet_id"])))

    async def claim(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request)
        claimant = parse(ClaimBody, request.content_type, body).claimant_id
        answer = await self._packets.claim(app.app_id, request.match_info["packet_id"], claimant=claimant)
        return json_response(claim_view(answer.share), status=201 if answer.fresh else 200)

    async def claims(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        shares = await self._packets.claimed(app.app_id, request.match_info["packet_id"])
        return json_response({"items": [claim_view(share) for share in shares[:COUNT_MAX]]})

    async def pay_out(self, request: web.Request) -> web.Response:
        app, body = await self._admit(request)
        answer = await self._payouts(app.app_id, parse(PayoutBody, request.content_type, body).request())
        status = 202 if answer.payout.status not in ENDED else (201 if answer.fresh else 200)
        headers = {"Location": f"/api/v1/payouts/{answer.payout.id}"}
        return json_response(payout_view(answer.payout), status=status, headers=headers)

    async def read_payout(self, request: web.Request) -> web.Response:
        app, _ = await self._admit(request)
        return json_response(payout_view(await self._payouts.read(app.app_id, request.match_info["payout_id"])))

    async def _admit(self, request: web.Request) -> tuple[App, bytes]:
        body = await read_body(request)
        return await self._gatekeeper.admit(request, body), body
