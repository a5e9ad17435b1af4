"""
Somebody who throws a red packet into the room, and the crowd that grabs for it: more hands than shares.
"""

from loadtests.desk import PAID, Desk
from loadtests.merchant import Errand

SHARES, HANDS = 5, 8


def red_packet(desk: Desk, errand: Errand) -> None:
    """
    Fund it, wait until it is paid for, and claim; fails when more is given out than was put in, or to somebody twice.
    """
    amount_fen = max(errand.amount_fen, SHARES)
    body = {
        "packet_no": errand.order_no,
        "buyer_id": f"host{errand.number}",
        "amount_fen": amount_fen,
        "count": SHARES,
        "channel": errand.channel,
        "product": "qr",
    }
    funded = desk.sent("POST", "/api/v1/red-packets", name=errand.kind, body=body)
    payment = funded.body.get("payment") or {}
    desk.opened(errand, funded, payment=payment)
    if not funded.ok or (payment.get("status") not in PAID and desk.paid(str(payment["id"])) is None):
        return
    _grab(desk, errand, packet=str(funded.body["id"]), amount_fen=amount_fen)


def _grab(desk: Desk, errand: Errand, *, packet: str, amount_fen: int) -> None:
    given: dict[str, int] = {}
    for hand in (*range(HANDS), 0):
        claimant = f"{errand.label}-hand{hand}"
        answer = desk.ask("POST", f"/api/v1/red-packets/{packet}/claims", name="claim", body={"claimant_id": claimant})
        if answer.ok:
            share_fen = int(answer.body["amount_fen"])
            if given.setdefault(claimant, share_fen) != share_fen:
                desk.failed(errand, f"{claimant} claimed twice and got two shares")
    if len(given) > SHARES or sum(given.values()) > amount_fen:
        desk.failed(errand, f"{sum(given.values())} fen were given to {len(given)}, out of {amount_fen} for {SHARES}")
