"""
Somebody who has no patience: asks again and again whether the payment has come through.
"""

from loadtests.desk import Desk
from loadtests.merchant import Errand


def poller(desk: Desk, errand: Errand) -> None:
    """
    Open, then look until it is paid.
    """
    opened = desk.create(errand)
    if opened.ok:
        desk.paid(str(opened.body["id"]))
