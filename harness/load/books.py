"""
Reads the three sides after a load run, once, as a stream: the audit judges them, and three things are noted on the way.

Which promised payments the gateway does not know, how many went all the way round, and how long it took from the
buyer's paying to the commit. Nothing is held but a few numbers; it refuses to judge.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from harness.audit import AuditReport
from harness.control import SimulatorControl, Trade
from harness.facts import acked
from harness.gather import FORGED
from harness.ids import label_of
from harness.load.record import Numbers
from harness.looks import audit_moving
from harness.sut.contract import Payment
from harness.sut.sink import WebhookEvent
from harness.world.base import World
from loadtests.histogram import Histogram

# Moments of paying are held until the ledger passes by; of a long run, those of one payment in so many.
HELD_MAX = 100_000


@dataclass(slots=True)
class Books:
    """
    What the three sides said.

    Args:
        forgotten: numbers of payments that were promised and that the gateway does not know.
        settled: payments that went all the way round: notify acknowledged, committed, webhook answered.
        last_at: when the last of them was told.
        settle: from the buyer's paying to the commit.
        settle_by_second: the same, by the second of paying.
        credited_by_second: how many payments were credited in each second.
    """

    began_at: datetime
    forgotten: Numbers
    settled: int = 0
    last_at: datetime | None = None
    settle: Histogram = field(default_factory=Histogram)
    settle_by_second: dict[int, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    credited_by_second: Counter[int] = field(default_factory=Counter)
    _paid_at: dict[str, datetime] = field(default_factory=dict)
    _every: int = 1

    def add_trade(self, trade: Trade) -> None:
        if trade.paid_at is None or hash(trade.out_trade_no) % self._every:
            return
        self._paid_at[trade.out_trade_no] = trade.paid_at
        if len(self._paid_at) > HELD_MAX:
            self._every *= 2
            self._paid_at = {number: at for number, at in self._paid_at.items() if hash(number) % self._every == 0}

    def add_payment(self, payment: Payment) -> None:
        label = label_of(payment.merchant_order_no)
        if label is not None:
            self.forgotten.discard(int(label[2:]))
        paid_at = self._paid_at.pop(payment.out_trade_no, None)
        if not payment.credits or not payment.credits[0].at:
            return
        credited_at = datetime.fromisoformat(payment.credits[0].at)
        self.credited_by_second[int((credited_at - self.began_at).total_seconds())] += 1
        if paid_at is None:
            return
        lag_s = (credited_at - paid_at).total_seconds()
        self.settle.add(lag_s)
        self.settle_by_second[int((paid_at - self.began_at).total_seconds())].add(lag_s)

    def add_events(self, events: Iterable[WebhookEvent], *, unacked: set[str]) -> None:
        """
        A webhook of a paid payment is written in the transaction that credits it, so it stands for the commit.
        """
        told: set[str] = set()
        for event in events:
            if not event.told or event.type != "payment.paid" or event.merchant_order_no in told:
                continue
            if label_of(event.merchant_order_no) in unacked:
                continue
            told.add(event.merchant_order_no)
            if self.last_at is None or event.received_at > self.last_at:
                self.last_at = event.received_at
        self.settled = len(told)


async def read_books(
    world: World, *, accepted: Numbers, began_at: datetime, seed: int, replay: str, doubts: Sequence[str]
) -> tuple[Books, AuditReport]:
    """
    Audit the run; *accepted* is used up.
    """
    books = Books(began_at=began_at, forgotten=accepted)
    report = await audit_moving(
        world,
        ours=world.ids.ours,
        clock=world.clock,
        seed=seed,
        replay=replay,
        doubts=doubts,
        on_trade=books.add_trade,
        on_payment=books.add_payment,
        legs=False,
    )
    books.add_events(world.sink.events, unacked=await unacked_labels(world.control))
    return books, report


async def unacked_labels(control: SimulatorControl) -> set[str]:
    """
    Payments of which no notify was acknowledged, as far back as the simulator remembers what it has sent.
    """
    sent: set[str] = set()
    taken: set[str] = set()
    async for delivery in control.notifies():
        if delivery.kind not in FORGED:
            (taken if acked(delivery) else sent).add(delivery.label)
    return sent - taken
