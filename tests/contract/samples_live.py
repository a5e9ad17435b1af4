"""Rows of the live rooms for store tests."""

from typing import Any

from reference_gateway.domain.goods import Good
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payout import Payout
from reference_gateway.domain.red_packet import RedPacket
from reference_gateway.domain.room import Room
from tests.contract.samples import NOW


def room(number: int = 1, **changes: Any) -> Room:
    values: dict[str, Any] = {
        "id": f"r{number}",
        "app_id": "live",
        "streamer_id": "s1",
        "title": "夜聊 🎤",
        "fee_basis_points": 3000,
        "created_at": NOW,
    }
    return Room(**{**values, **changes})


def good(number: int = 1, **changes: Any) -> Good:
    values: dict[str, Any] = {
        "id": f"g{number}",
        "app_id": "live",
        "name": "badge",
        "price_fen": Fen(100),
        "available": 5,
        "created_at": NOW,
    }
    return Good(**{**values, **changes})


def packet(number: int = 1, **changes: Any) -> RedPacket:
    values: dict[str, Any] = {
        "id": f"rp{number}",
        "app_id": "live",
        "packet_no": f"p-{number}",
        "room_id": "r1",
        "buyer_id": "b1",
        "amount_fen": Fen(100),
        "count": 3,
        "request_digest": "d",
        "created_at": NOW,
    }
    return RedPacket(**{**values, **changes})


def payout(number: int = 1, **changes: Any) -> Payout:
    values: dict[str, Any] = {
        "id": f"po{number}",
        "app_id": "live",
        "merchant_payout_no": f"po-{number}",
        "out_payout_no": f"P{number}",
        "payment_id": "pay1",
        "packet_id": "rp1",
        "claimant": "b2",
        "channel": "alipay",
        "account": "208812345",
        "account_name": None,
        "amount_fen": Fen(40),
        "created_at": NOW,
    }
    return Payout(**{**values, **changes})
