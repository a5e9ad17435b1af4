"""
Back-pressure: who is let in, by how long he would stand in line, and by how many payments are on their way.

There are three lines. Orders and tips from a balance each wait for their answer, which is their commit; an order that
was answered waits for its turn at the channel. A newcomer whose wait would be too long is turned away before his
request is parsed or its signature checked, and told when the line will be shorter. Notifies stand in no line and are
never turned away: they end what was begun. Nor is anybody who was let in: a place in here is no promise, the committed
row is, and what gives its place up is picked up by the poller.

Below the first bound of places a caller is kept for the channel's answer, above it everybody is told to come back
(202), above the second nobody new is let in, however short the lines are.

What is asked for first of all is a promise, so nobody's turn at the channel comes while a crowd waits for its answers:
a spike is taken in as fast as orders can be committed, and its orders are opened when it is over. Nor does it while a
crowd of notifies is being settled, for money that was paid goes before money that may be.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from reference_gateway.errors import TooBusy
from reference_gateway.metrics import Metrics
from reference_gateway.service.capacity.line import Line
from reference_gateway.service.capacity.turnstile import Turnstile

RETRY_AFTER_S_MAX = 30
# Commits take hundreds at once: how long a handful waited, in an outage say, tells nothing about a crowd.
ANSWERED_AT_ONCE = 64
# Many at once are committed together; more than that do not get through, and openings would only bring others.
SETTLED_AT_ONCE = 64
# Turns are taken one by one, so a few of them tell the rate, however slow a channel is.
OPENED_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """
    Args:
        calls_max: opening calls to channels at once.
        waited_max: payments on their way up to which callers are kept for the answer.
        admitted_max: payments on their way above which new ones are refused.
        answer_wait_s_max: how long a newcomer may have to wait for his answer.
        opening_wait_s_max: how long a new order may have to wait for its turn at the channel.
    """

    calls_max: int
    waited_max: int
    admitted_max: int
    answer_wait_s_max: float = 3.0
    opening_wait_s_max: float = 120.0


USUAL_BOUNDS = Bounds(calls_max=256, waited_max=512, admitted_max=65_536)


class Kind(StrEnum):
    """What is asked for: an order, which a channel must open, or a tip from a balance, which its commit ends."""

    ORDER = "order"
    TIP = "tip"


class Place:
    """One payment's place; it is given back at the end of the block, unless somebody else has taken it over."""

    __slots__ = ("_answers", "_held", "_pressure", "_waits", "kind")

    def __init__(self, kind: Kind, pressure: Pressure, answers: Line) -> None:
        self.kind = kind
        self._pressure = pressure
        self._answers = answers
        self._held = True
        self._waits = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            self.leave()

    def hand_on(self) -> None:
        """Let the block end without giving the place back; whoever has it now does."""
        self._held = False

    def answered(self) -> None:
        """Tell that what was asked for is committed, or that nobody waits for it any more."""
        if self._waits:
            self._waits = False
            self._pressure.answered(self, self._answers)

    def leave(self) -> None:
        """Give the place back."""
        self._held = False
        self.answered()
        self._pressure.left()


class Pressure:
    """Gives places between admission and the end of the first call, and lets calls take turns."""

    def __init__(self, bounds: Bounds, metrics: Metrics) -> None:
        self._bounds = bounds
        self._metrics = metrics
        self._turns = Turnstile(bounds.calls_max)
        self._taken = 0
        self._answers = {kind: Line(crowd=ANSWERED_AT_ONCE) for kind in Kind}
        self._notices = Line(crowd=SETTLED_AT_ONCE)
        self._openings = Line(crowd=OPENED_AT_ONCE)
        self._in_line: set[str] = set()
        self._held_for: frozenset[Line] = frozenset()
        metrics.queue(lambda: self._taken)

    @property
    def high(self) -> bool:
        """Whether callers are no longer kept."""
        return self._taken > self._bounds.waited_max

    @property
    def taken(self) -> int:
        """How many payments are on their way."""
        return self._taken

    @property
    def load(self) -> float:
        """Tell how much of what can be done at once is being done; above 1 something waits."""
        return self._taken / self._bounds.calls_max

    @property
    def opening_wait_s(self) -> float:
        """How long a new order would wait for its turn at the channel."""
        return self._openings.wait_s() if self._openings.crowded else 0.0

    def enter(self, kind: Kind) -> Place:
        """
        Take a place.

        Raises:
            TooBusy: there is none, or the wait would be too long; it says when to come again.
        """
        answers = self._answers[kind]
        if answers.crowded and (wait_s := answers.wait_s()) > self._bounds.answer_wait_s_max:
            self._refuse("answer_wait", wait_s)
        if kind is Kind.ORDER and (wait_s := self.opening_wait_s) > self._bounds.opening_wait_s_max:
            self._refuse("opening_wait", wait_s)
        if self._taken >= self._bounds.admitted_max:
            self._refuse("queue_full", self._openings.wait_s())
        self._taken += 1
        place = Place(kind, self, answers)
        answers.join(place)
        self._weigh(answers)
        return place

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Tell of a notify that is being settled in the block."""
        notice = object()
        self._notices.join(notice)
        self._weigh(self._notices)
        try:
            yield
        finally:
            self._notices.leave(notice)
            self._weigh(self._notices)

    def answered(self, place: Place, answers: Line) -> None:
        answers.leave(place)
        self._weigh(answers)

    def left(self) -> None:
        self._taken -= 1

    def is_in_line(self, payment_id: str) -> bool:
        """Tell whether the payment waits here for its first turn, so that nobody needs to look after it."""
        return payment_id in self._in_line

    @asynccontextmanager
    async def turn(self, payment_id: str) -> AsyncIterator[bool]:
        """Wait for the payment's turn; False when the gateway is stopping and none will come."""
        due_s = asyncio.get_running_loop().time()
        if not await self._come_up(payment_id):
            yield False
            return
        try:
            self._metrics.began("opening", late_s=asyncio.get_running_loop().time() - due_s)
            yield True
        finally:
            self._turns.give_back()

    def close(self) -> None:
        """Give no more turns: who waits for one leaves his payment to the poller of whoever is alive."""
        self._turns.close()

    async def _come_up(self, payment_id: str) -> bool:
        turn = self._turns.ask()
        if turn.done():
            return turn.result()
        self._openings.join(turn)
        self._in_line.add(payment_id)
        try:
            return await turn
        finally:
            self._openings.leave(turn)
            self._in_line.discard(payment_id)

    def _weigh(self, line: Line) -> None:
        """Hold the turns at the channel back while there is a crowd in *line*."""
        if line.thins_out is (line in self._held_for):
            return
        self._held_for ^= {line}
        # Settling is a part of what each payment takes; taking in promises is over with the spike.
        self._openings.stand(still=not self._held_for.isdisjoint(self._answers.values()))
        self._turns.hold(back=bool(self._held_for))

    def _refuse(self, reason: str, wait_s: float) -> None:
        """
        Turn somebody away until half of the line is gone: a second is a second shorter while nobody joins it.

        Who came back to the very limit would be turned away again by whoever comes with him.
        """
        self._metrics.turned_away(reason)
        raise TooBusy(retry_after_s=max(1, min(RETRY_AFTER_S_MAX, math.ceil(wait_s / 2))))
