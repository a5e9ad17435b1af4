"""
Named places at which the gateway can be made to die, so that its recovery can be proved.

A crash point is a call with a name; unless wired it does nothing. Wired with `name` or `name:3` the process kills
itself with SIGKILL at the first or third passing: no handler, no flush, no goodbye. The module knows the names of the
places and nothing of what happens there.
"""

from __future__ import annotations

import difflib
import os
import signal
from collections.abc import Callable

from reference_gateway.errors import SettingsRefused

CrashPoint = Callable[[str], None]

PLACES = (
    "create.after_order_row",
    "create.before_channel_call",
    "create.after_channel_call",
    "create.after_opened",
    "notify.before_commit",
    "notify.after_commit_before_ack",
    "query.before_channel_call",
    "query.after_channel_call",
    "progress.before_commit",
    "end.after_wish",
    "end.before_channel_call",
    "end.after_channel_call",
    "end.after_commit",
    "reversal.before_commit",
    "fulfil.before_commit",
    "fulfil.after_commit",
    "capture.after_wish",
    "capture.after_channel_call",
    "refund.after_reserve",
    "refund.before_channel_call",
    "refund.after_channel_call",
    "refund.before_commit",
    "refund.after_commit",
    "wallet.before_commit",
    "wallet.after_commit",
    "packet.after_row",
    "packet.before_expiry_commit",
    "claim.before_commit",
    "claim.after_commit",
    "payout.after_reserve",
    "payout.before_channel_call",
    "payout.after_channel_call",
    "payout.before_commit",
    "reconcile.after_claim",
    "reconcile.after_bill",
    "reconcile.before_settling",
    "reconcile.before_commit",
    "relay.after_claim",
    "relay.before_send",
    "relay.after_send",
    "relay.after_commit",
    "stream.before_append",
    "stream.after_append",
    "stream.after_mark",
)


def no_crash(name: str) -> None:
    """Pass by: the place is not wired."""
    del name


class KillAt:
    """Dies at one place, the nth time it is passed."""

    def __init__(self, place: str, nth: int = 1) -> None:
        if place not in PLACES:
            near = difflib.get_close_matches(place, PLACES, n=1, cutoff=0.0)
            raise SettingsRefused(f"no crash point is called {place!r}; did you mean {near[0]!r}?")
        self._place = place
        self._left = nth

    def __call__(self, name: str) -> None:
        if name != self._place:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def crash_point_from(text: str) -> CrashPoint:
    """Wire the place named by *text*: empty, `name` or `name:nth`."""
    if not text:
        return no_crash
    place, _, nth = text.partition(":")
    if nth and not (nth.isascii() and nth.isdigit() and int(nth) > 0):
        raise SettingsRefused(f"crash_point {text!r}: after the colon stands the passing, 1 or more")
    return KillAt(place, int(nth or "1"))
