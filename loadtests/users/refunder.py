"""
Somebody who pays and wants half of it back.
"""

from loadtests.desk import Desk
from loadtests.merchant import PAYMENTS, Errand


def refunder(desk: Desk, errand: Errand) -> None:
    """
    Open, wait until it is paid, ask for half, and ask the same once more: that must be one refund.
    """
    opened = desk.create(errand)
    if not opened.ok or desk.paid(str(opened.body["id"])) is None:
        return
    target = f"{PAYMENTS}/{opened.body['id']}/refunds"
    body = {"merchant_refund_no": f"{errand.order_no}-r1", "amount_fen": max(errand.amount_fen // 2, 1)}
    numbers = set()
    for _ in range(2):
        answer = desk.ask("POST", target, name="refund", body=body)
        if answer.ok:
            numbers.add(answer.body["id"])
    if len(numbers) > 1:
        desk.failed(errand, f"one refund number made {len(numbers)} refunds")
