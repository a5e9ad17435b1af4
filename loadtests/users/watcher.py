"""
Somebody who watches a payment's states, and fails the gateway when one goes back or skips.
"""

from collections.abc import Mapping

from loadtests.desk import LOOKS_S, PAID, Desk
from loadtests.merchant import Errand

# Which state may be seen after which, where nothing was asked for in between but paying.
FOLLOWS: Mapping[str, frozenset[str]] = {
    "": frozenset({"PENDING", "PAID", "CLOSED"}),
    "PENDING": frozenset({"PENDING", "PAID", "CLOSED", "CANCELLED"}),
    "PAID": frozenset({"PAID"}),
    "CLOSED": frozenset({"CLOSED"}),
    "CANCELLED": frozenset({"CANCELLED"}),
}


def watcher(desk: Desk, errand: Errand) -> None:
    """
    Open, look until it is paid, then look once more.
    """
    opened = desk.create(errand)
    if not opened.ok:
        return
    before = _seen(desk, errand, before="", now=str(opened.body["status"]))
    for wait_s in (*LOOKS_S, 0.0):
        desk.wait(wait_s)
        answer = desk.look(str(opened.body["id"]), name="watch")
        if answer.ok:
            after = _seen(desk, errand, before=before, now=str(answer.body["status"]))
            if before in PAID and after in PAID:
                return
            before = after


def _seen(desk: Desk, errand: Errand, *, before: str, now: str) -> str:
    if now not in FOLLOWS.get(before, frozenset()):
        desk.failed(errand, f"{now} was seen after {before or 'nothing'}")
    return now
