"""
What the steps of one story share: its payments as far as they are known, the history, and how an end is written.

It never assumes an outcome: an answer that did not come stands in the history as unknown, and the books decide.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from harness.events import Announce
from harness.history import History
from harness.script.schema import Amounts, Scenario
from harness.sut.contract import NewPayment, Outcome, Payment, Reply
from harness.world.base import World

# Virtual days cost nothing, and the longest ladder takes more than one; real seconds are waited for.
PATIENCE_S = {"in_process": 4 * 86_400.0}
REAL_PATIENCE_S = 30.0
# What merchants, buyers and days do by themselves; a story of nothing else is one in which nothing goes wrong.
ORDINARY = frozenset(
    {"run", "open", "pay", "cancel", "refund", "close", "sync", "look", "reconcile", "advance", "settle"}
)


@dataclass(slots=True)
class Opened:
    """One payment of the story, as far as it is known."""

    label: str
    order_no: str
    channel: str
    amount_fen: int
    payment: Payment | None = None
    refused: bool = False
    refunds: int = 0


@dataclass(slots=True)
class Stage:
    """
    One story while it is told.

    Args:
        drawn: the faults of an earlier run strike again; the story's own weather is in them already.
        settled: whether the dust had settled the last time that somebody waited for it.
        settling_s: how long that took.
        untold: what was to happen and did not come about.
        outages: the rules that stand for providers out of order, by provider.
    """

    scenario: Scenario
    world: World
    history: History
    announce: Announce
    drawn: bool = False
    opened: list[Opened] = field(default_factory=list)
    settled: bool = True
    settling_s: float = 0.0
    untold: list[str] = field(default_factory=list)
    outages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    paid: int = 0
    _paid_more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def undisturbed(self) -> bool:
        """
        Whether the story lets nothing go wrong.
        """
        scenario = self.scenario
        calm = scenario.profile in {None, "calm"} and not scenario.faults
        return calm and all(step.verb in ORDINARY for step in scenario.moves)

    @property
    def patience_s(self) -> float:
        """
        How long the dust may take to settle where the story does not say it.
        """
        return PATIENCE_S.get(self.world.name, REAL_PATIENCE_S)

    def fresh(self, count: int) -> list[Opened]:
        """
        So many more payments, of which nobody has heard yet; channels take turns by their weights.
        """
        made = []
        for _ in range(count):
            label = self.world.ids.next_label()
            one = Opened(
                label=label,
                order_no=self.world.ids.order_no(label),
                channel=self._next_channel(),
                amount_fen=self._amount_of(label),
            )
            self.opened.append(one)
            made.append(one)
        return made

    def chosen(self, glob: str) -> list[Opened]:
        return [one for one in self.opened if fnmatchcase(one.label, glob) or fnmatchcase(one.order_no, glob)]

    async def each(self, chosen: Iterable[Opened], do: Callable[[Opened], Awaitable[None]]) -> None:
        """
        Do it for each of them, as many at a time as the load says.
        """
        gate = asyncio.Semaphore(self.scenario.load.concurrency)

        async def one(payment: Opened) -> None:
            async with gate:
                await do(payment)

        async with asyncio.TaskGroup() as group:
            for payment in chosen:
                group.create_task(one(payment))

    def mark(self, name: str, one: Opened) -> None:
        """
        Name what a payment is about to meet, for checks that no single line can tell.
        """
        self.history.fact("mark", order=one.order_no, name=name)

    def note_paid(self) -> None:
        """
        One more payment is paid.
        """
        self.paid += 1
        self._paid_more.set()

    async def until_paid(self, count: int) -> None:
        """
        Wait until so many payments are paid.
        """
        while self.paid < count:
            self._paid_more.clear()
            await self._paid_more.wait()

    async def create(self, one: Opened) -> None:
        """
        Ask the gateway for the payment; asked again, it is the same question.
        """
        asked = self.history.invoke("create", order=one.order_no, channel=one.channel, amount_fen=one.amount_fen)
        reply = await self.world.gateway.create(
            NewPayment(
                merchant_order_no=one.order_no,
                amount_fen=one.amount_fen,
                subject=f"tip {one.label}",
                channel=one.channel,
                product=self.scenario.product,
            )
        )
        one.payment = reply.value or one.payment
        one.refused = reply.outcome is Outcome.REFUSED and one.payment is None
        self.end(asked, reply, told=payment_told(reply.value))

    async def ask_refund(self, one: Opened, payment: Payment, *, refund_no: str, amount_fen: int) -> None:
        """
        Ask the gateway for one refund.
        """
        asked = self.history.invoke("refund", order=one.order_no, refund_no=refund_no, amount_fen=amount_fen)
        reply = await self.world.gateway.refund(payment.id, merchant_refund_no=refund_no, amount_fen=amount_fen)
        told = {} if reply.value is None else {"refund_id": reply.value.id, "refund_state": reply.value.status}
        self.end(asked, reply, told=told)

    def end(self, asked: int, reply: Reply[Any], *, told: dict[str, Any]) -> None:
        """
        Write the end of a question as what it is.
        """
        match reply.outcome:
            case Outcome.OK:
                self.history.ok(asked, attempts=reply.attempts, **told)
            case Outcome.REFUSED:
                self.history.fail(asked, status_code=reply.status, code=reply.code, detail=reply.detail)
            case Outcome.UNKNOWN:
                self.history.unknown(asked, status_code=reply.status, attempts=reply.attempts, detail=reply.detail)

    def _next_channel(self) -> str:
        """
        The channel that is furthest behind its share.
        """
        weights = self.scenario.channels
        total, number = sum(weights.values()), len(self.opened) + 1
        had = {name: sum(one.channel == name for one in self.opened) for name in weights}
        return max(weights, key=lambda name: weights[name] * number / total - had[name])

    def _amount_of(self, label: str) -> int:
        amount = self.scenario.load.amount_fen
        if isinstance(amount, Amounts):
            return self.world.ids.draw(amount.low, amount.high, "amount", label)
        return amount


def payment_told(payment: Payment | None) -> dict[str, Any]:
    """
    A payment as the history tells it.
    """
    if payment is None:
        return {}
    return {
        "payment_id": payment.id,
        "status": payment.status,
        "refund_status": payment.refund_status,
        "refunded_fen": payment.refunded_fen,
    }
