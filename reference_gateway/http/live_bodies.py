"""What merchants send about rooms, goods, red packets and payouts; the same strictness as the other bodies."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from reference_gateway.domain.money import Fen
from reference_gateway.domain.red_packet import COUNT_MAX
from reference_gateway.domain.room import BASIS_POINTS
from reference_gateway.http.bodies import AmountFen, Body, Line, Name, Number, printable
from reference_gateway.service.live.payouts import PayoutRequest
from reference_gateway.service.live.red_packets import PacketRequest
from reference_gateway.service.live.rooms import GoodRequest, RoomRequest

STOCK_MAX = 10**9
PAGE_TOKEN_S_MAX = 24 * 3600


class RoomBody(Body):
    """The body of POST /api/v1/rooms."""

    id: Number
    streamer_id: Name
    title: Line
    fee_basis_points: Annotated[int, Field(ge=0, le=BASIS_POINTS)] = 0

    def request(self) -> RoomRequest:
        return RoomRequest(
            room_id=self.id,
            streamer_id=self.streamer_id,
            title=self.title,
            fee_basis_points=self.fee_basis_points,
        )


class PageTokenBody(Body):
    """The body of POST /api/v1/rooms/{id}/page-tokens."""

    buyer_id: Name
    ttl_s: Annotated[int, Field(ge=1, le=PAGE_TOKEN_S_MAX)] = 3600


class GoodBody(Body):
    """The body of POST /api/v1/goods."""

    id: Number
    name: Line
    price_fen: AmountFen
    stock: Annotated[int, Field(ge=0, le=STOCK_MAX)]

    def request(self) -> GoodRequest:
        return GoodRequest(good_id=self.id, name=self.name, price_fen=Fen(self.price_fen), stock=self.stock)


class PacketBody(Body):
    """The body of POST /api/v1/red-packets."""

    packet_no: Number
    buyer_id: Name
    amount_fen: AmountFen
    count: Annotated[int, Field(ge=1, le=COUNT_MAX)]
    channel: Name
    product: Name
    room_id: Name | None = None

    def request(self) -> PacketRequest:
        return PacketRequest(
            packet_no=self.packet_no,
            buyer_id=self.buyer_id,
            amount_fen=Fen(self.amount_fen),
            count=self.count,
            channel=self.channel,
            product=self.product,
            room_id=self.room_id,
        )


class ClaimBody(Body):
    """The body of POST /api/v1/red-packets/{id}/claims."""

    claimant_id: Name


class PayoutBody(Body):
    """The body of POST /api/v1/payouts."""

    merchant_payout_no: Number
    packet_id: Number
    claimant_id: Name
    channel: Name
    account: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(printable)]
    account_name: Name | None = None

    def request(self) -> PayoutRequest:
        return PayoutRequest(
            merchant_payout_no=self.merchant_payout_no,
            packet_id=self.packet_id,
            claimant=self.claimant_id,
            channel=self.channel,
            account=self.account,
            account_name=self.account_name,
        )
