"""
What the world is told about rooms, red packets and payouts: their public shapes, and the events made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import orjson

from reference_gateway.domain.events import instant_text
from reference_gateway.domain.goods import Good, LogisticsRow, StockOrder
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.records import OutboxRow
from reference_gateway.domain.red_packet import RedPacket, Share
from reference_gateway.domain.room import Room

LiveEventType = Literal[
    "red_packet.opened", "red_packet.claimed", "red_packet.expired", "payout.succeeded", "payout.failed"
]


def room_view(room: Room) -> dict[str, object]:
    """Return the room object of the merchant API."""
    return {
        "id": room.id,
        "streamer_id": room.streamer_id,
        "title": room.title,
        "fee_basis_points": room.fee_basis_points,
        "open": room.open,
        "created_at": instant_text(room.created_at),
    }


def good_view(good: Good) -> dict[str, object]:
    """Return the good object of the merchant API."""
    return {
        "id": good.id,
        "name": good.name,
        "price_fen": good.price_fen,
        "available": good.available,
        "reserved": good.reserved,
        "sold": good.sold,
        "created_at": instant_text(good.created_at),
    }


def stock_view(order: StockOrder, sent: LogisticsRow | None) -> dict[str, object]:
    """Return what a payment reserved, and how it was sent."""
    shipped: Mapping[str, object] | None = None
    if sent is not None:
        shipped = {
            "carrier": sent.carrier,
            "tracking_no": sent.tracking_no,
            "shipped_at": instant_text(sent.shipped_at),
        }
    return {
        "good_id": order.good_id,
        "quantity": order.quantity,
        "status": order.status.value,
        "logistics": shipped,
    }


def packet_view(packet: RedPacket) -> dict[str, object]:
    """Return the red packet object of the merchant API; what the single shares are is nobody's business before."""
    return {
        "id": packet.id,
        "packet_no": packet.packet_no,
        "room_id": packet.room_id,
        "buyer_id": packet.buyer_id,
        "amount_fen": packet.amount_fen,
        "count": packet.count,
        "status": packet.status.value,
        "payment_id": packet.payment_id,
        "claimed_fen": packet.claimed_fen,
        "claimed_count": packet.claimed_count,
        "created_at": instant_text(packet.created_at),
        "expires_at": None if packet.expires_at is None else instant_text(packet.expires_at),
    }


def claim_view(share: Share) -> dict[str, object]:
    """Return a claimed share."""
    return {
        "packet_id": share.packet_id,
        "claimant_id": share.claimant,
        "amount_fen": share.amount_fen,
        "claimed_at": None if share.claimed_at is None else instant_text(share.claimed_at),
    }


def payout_view(payout: Payout) -> dict[str, object]:
    """Return the payout object of the merchant API."""
    return {
        "id": payout.id,
        "merchant_payout_no": payout.merchant_payout_no,
        "out_payout_no": payout.out_payout_no,
        "packet_id": payout.packet_id,
        "claimant_id": payout.claimant,
        "channel": payout.channel,
        "amount_fen": payout.amount_fen,
        "status": payout.status.value,
        "failure_code": payout.failure_code,
        "channel_payout_no": payout.channel_payout_no,
        "created_at": instant_text(payout.created_at),
        "finished_at": None if payout.finished_at is None else instant_text(payout.finished_at),
    }


def live_event(
    event_id: str, kind: LiveEventType, *, app_id: str, data: Mapping[str, object], at: datetime
) -> OutboxRow:
    """Make the outbox row of an event about a room's doings, due at once."""
    body = {"event_id": event_id, "type": kind, "created_at": instant_text(at), "data": data}
    payload = orjson.dumps(body)
    room = data.get("room_id")
    return OutboxRow(event_id, app_id, kind, payload, at, at, room_id=None if room is None else str(room))
