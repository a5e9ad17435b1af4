"""
Somebody who buys what the streamer holds up; stock is deducted, and there is enough for all.
"""

from dataclasses import replace

from loadtests.desk import Desk
from loadtests.merchant import Errand

GOOD, PRICE_FEN, STOCK = "load-good", 990, 10**9
AT_A_TIME = 3


def open_shop(desk: Desk) -> None:
    """
    One good, of which there is plenty.
    """
    body = {"id": GOOD, "name": "tea", "price_fen": PRICE_FEN, "stock": STOCK}
    desk.sent("POST", "/api/v1/goods", name="good", body=body)


def shopper(desk: Desk, errand: Errand) -> None:
    """
    One to three of them.
    """
    quantity = 1 + errand.lot % AT_A_TIME
    wanted = replace(errand, amount_fen=quantity * PRICE_FEN)
    desk.create(wanted, good_id=GOOD, quantity=quantity, buyer_id=f"shopper{errand.lot % 5000}", purpose="goods")
