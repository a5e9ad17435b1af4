"""
The feed of what happened: the outbox read in one order that every instance and every reader agrees on.

A position names a place in that order, and is given to readers as the id of an event; whoever comes back with it misses
nothing and sees nothing twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT = re.compile(r"([0-9]{1,18})-([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class FeedPosition:
    """Ordered as the feed is: by the transaction that wrote, then by the row."""

    txid: int
    seq: int

    def __str__(self) -> str:
        return f"{self.txid}-{self.seq}"

    @classmethod
    def read(cls, text: str) -> FeedPosition | None:
        """Read what `str` wrote; None for anything else."""
        match = _TEXT.fullmatch(text)
        return None if match is None else cls(*map(int, match.groups()))


FEED_START = FeedPosition(0, 0)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One event at its position; *subject_id* is the payment it is about, if it is about one."""

    position: FeedPosition
    app_id: str
    type: str
    payload: bytes
    subject_id: str
    room_id: str | None


@dataclass(frozen=True, slots=True)
class Topic:
    """What a reader listens to: one payment, or one room."""

    app_id: str
    subject_id: str | None = None
    room_id: str | None = None

    def takes(self, row: FeedRow) -> bool:
        """Tell whether *row* is about it."""
        if row.app_id != self.app_id:
            return False
        if self.subject_id is not None:
            return row.subject_id == self.subject_id
        return row.room_id is not None and row.room_id == self.room_id
