"""
Somebody who tips and looks on: the payment is opened, and that is all. The room's tipper does so in one crowded room.
"""

from loadtests.desk import Desk
from loadtests.merchant import Errand

ROOM, STREAMER = "load-hall", "load-streamer"


def open_room(desk: Desk) -> None:
    """
    One room and one streamer, for everybody.
    """
    body = {"id": ROOM, "streamer_id": STREAMER, "title": "the hall", "fee_basis_points": 3000}
    desk.sent("POST", "/api/v1/rooms", name="room", body=body)


def tipper(desk: Desk, errand: Errand) -> None:
    """
    A tip.
    """
    desk.create(errand)


def room_tipper(desk: Desk, errand: Errand) -> None:
    """
    A tip into the one room, for the one streamer.
    """
    desk.create(errand, purpose="tip", room_id=ROOM, buyer_id=f"fan{errand.lot % 5000}")
