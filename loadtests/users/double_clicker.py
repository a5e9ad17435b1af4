"""
Somebody who presses the button again and again: one Idempotency-Key, two to eight times, and one payment only.
"""

from loadtests.desk import Desk
from loadtests.merchant import PAYMENTS, Errand, order

CLICKS = 8


def double_clicker(desk: Desk, errand: Errand) -> None:
    """
    Fails unless every answer that was given names the same payment.

    A gateway that has no room may refuse a click; it may not make a second payment of it.
    """
    key = {"Idempotency-Key": f"key-{errand.order_no}"}
    first = desk.create(errand, headers=key)
    seen = {str(first.body["id"])} if first.ok else set()
    for _ in range(1 + errand.lot % (CLICKS - 1)):
        again = desk.ask("POST", PAYMENTS, name="click", body=order(errand), headers=key)
        if again.ok:
            seen.add(str(again.body["id"]))
        elif again.status in {409, 422}:
            desk.failed(errand, f"the same click again was answered {again.status}: {again.body.get('code')}")
    if len(seen) > 1:
        desk.failed(errand, f"one Idempotency-Key made {len(seen)} payments: {', '.join(sorted(seen))}")
