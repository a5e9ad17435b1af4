"""What the control API works on, and the steps that take more than one of these parts."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from mock_providers.core.books.book import CASHIER_PATH, Book, Trade, TradeState, cashier_token
from mock_providers.core.clock import Clock, ScheduleClock
from mock_providers.core.labels import Labels
from mock_providers.core.notifies.copies import Sought
from mock_providers.core.notifies.notifier import Notifier
from mock_providers.core.plans import FaultRules
from mock_providers.core.provider import Provider
from mock_providers.core.snapshot import ScheduleReading, Snapshot, faults_state, labels_state
from mock_providers.core.timers import Timers
from mock_providers.core.wire.journal import Journal
from mock_providers.errors import BookRefused

ACTIONS = ("scan", "pay", "insufficient_balance", "wrong_password", "cancel", "pay_twice", "pay_late")
_FAILURES = {"insufficient_balance": "insufficient balance", "wrong_password": "wrong password"}


@dataclass(slots=True)
class ControlState:
    """
    The simulator seen from its control room.

    Args:
        front: the addresses of the front doors, null for those that are shut.
        epoch: which book this is, since the process began to serve.
    """

    seed: int
    book: Book
    journal: Journal
    labels: Labels
    notifier: Notifier
    timers: Timers
    faults: FaultRules
    schedule: ScheduleClock
    stamp: Clock
    providers: Mapping[str, Provider]
    urls: Mapping[str, str]
    front: Callable[[], Mapping[str, object]] = dict
    epoch: str = ""
    _lives: int = 0

    def new_epoch(self) -> None:
        """From here on the book is another one; whoever began with the one before knows that something is gone."""
        self._lives += 1
        self.epoch = f"{self.stamp.now():%Y%m%dT%H%M%S%f}-{self._lives}"

    def act(self, trade: Trade, action: str) -> None:
        """
        Let the buyer do something at the cashier; looking at the QR code comes first by itself.

        A payment that fails for want of money or of the right password leaves the trade waiting, and so does a buyer
        who walks away. Who presses Pay twice pays once: no platform takes money twice for one trade. Who pays late had
        their money on the way when the trade was closed, and it arrives.

        Raises:
            BookRefused: not in this state.
        """
        provider = self.providers[trade.opening.provider]
        now = self.schedule.now()
        if action == "pay_late":
            if trade.trade_no is None:
                raise BookRefused("not_scanned", "nobody ever saw this order's cashier, so no money can be on its way")
            self.book.pay_late(trade, now=now)
            provider.happened(trade, "payment")
            return
        if trade.state is TradeState.CREATED:
            self.book.scan(trade, trade_no=provider.new_trade_no(trade), now=now)
            provider.happened(trade, "scan")
        elif trade.state is not TradeState.WAITING:
            self.book.pay(trade, now=now)  # refuses with the reason that fits the state
        if action in {"pay", "pay_twice"}:
            self.book.pay(trade, now=now)
            provider.happened(trade, "payment")
        elif action in _FAILURES:
            trade.notes["failed"] = _FAILURES[action]
            provider.happened(trade, "payment_failed")

    async def next_rung(self, trade: Trade) -> None:
        """
        Advance the schedule to the next delivery of *trade*; ends when it has been answered.

        Raises:
            BookRefused: nothing is on its way.
        """
        opening = trade.opening
        due_s = self.notifier.next_due_s(
            Sought(provider=opening.provider, order=opening.out_trade_no, merchant=opening.merchant_id)
        )
        if due_s is None:
            raise BookRefused("nothing_pending", f"nothing is on its way for order {opening.out_trade_no}")
        await self.schedule.advance(max(due_s - self.schedule.now_s, 0.0))

    def reset(self) -> None:
        """An empty book, nothing on its way, nothing counted; rules, keys and clocks stay."""
        self.notifier.clear()
        self.timers.clear()
        self.book.clear()
        self.journal.clear()
        self.labels.forget()
        self.faults.forget()
        self.new_epoch()

    def snapshot(self) -> Snapshot:
        """Everything that the run has made, as data."""
        now = self.schedule.now()
        return Snapshot(
            version=2,
            seed=self.seed,
            epoch=self.epoch,
            merchants=self.merchants(),
            schedule=ScheduleReading(self.schedule.base_at, self.schedule.now_s, self.schedule.rate),
            trades=list(self.book.trades(now=now)),
            payouts=list(self.book.payouts),
            planted=list(self.book.planted),
            labels=labels_state(self.labels.dump()),
            faults=faults_state(self.faults.dump()),
            notifies=self.notifier.underway(),
            last_seq=self.notifier.last_seq,
            counts=self.notifier.counts,
            timers=self.timers.waiting(),
        )

    def merchants(self) -> list[tuple[str, str]]:
        """Who is served: (provider, merchant number)."""
        return [(name, merchant) for name, provider in self.providers.items() for merchant in provider.merchants]

    async def restore(self, snapshot: Snapshot) -> None:
        """
        Forget what is here and go on from *snapshot*, under a new epoch.

        Raises:
            BookRefused: it was made with another seed, other merchants or other jobs; nothing has changed then.
            RulesRefused: it holds rules that this version does not know; nothing has changed then.
        """
        if snapshot.seed != self.seed:
            raise BookRefused("other_seed", f"the snapshot was made with seed {snapshot.seed}, and this is {self.seed}")
        for name, merchant in snapshot.merchants:
            if name not in self.providers or merchant not in self.providers[name].merchants:
                raise BookRefused("other_merchants", f"the snapshot names {merchant} of {name}, who has no keys here")
        self.timers.must_know(snapshot.timers)
        self.faults.load(asdict(snapshot.faults))
        at = snapshot.schedule
        await self.schedule.resume(base_at=at.base_at, now_s=at.now_s, rate=at.rate)
        self.book.clear()
        self.journal.clear()
        for trade in snapshot.trades:
            self.book.enter(trade)
        for payout in snapshot.payouts:
            self.book.payouts.open(payout)
        for difference in snapshot.planted:
            self.book.planted.add(difference)
        self.labels.load(asdict(snapshot.labels))
        self.notifier.resume(snapshot.notifies, last_seq=snapshot.last_seq, counts=snapshot.counts)
        self.timers.resume(snapshot.timers)
        self.new_epoch()

    def clock_json(self) -> dict[str, object]:
        """Both clocks."""
        return {
            "schedule_at": self.schedule.now(),
            "stamp_at": self.stamp.now(),
            "rate": self.schedule.rate,
            "pending": self.notifier.pending,
        }

    def trade_json(self, trade: Trade) -> dict[str, object]:
        """A trade as the control API shows it."""
        opening = trade.opening
        return {
            "provider": opening.provider,
            "out_trade_no": opening.out_trade_no,
            "trade_no": trade.trade_no,
            "label": opening.label,
            "merchant_id": opening.merchant_id,
            "app_id": opening.app_id,
            "total_fen": opening.total_fen,
            "currency": opening.currency,
            "subject": opening.subject,
            "state": trade.state,
            "paid_fen": trade.paid_fen,
            "refunded_fen": trade.refunded_fen,
            "refunds": [
                {
                    "out_request_no": one.out_request_no,
                    "amount_fen": one.amount_fen,
                    "at": one.at,
                    "state": one.state,
                    "refund_no": one.refund_no,
                    "settled_at": one.settled_at,
                }
                for one in trade.refunds.values()
            ],
            "created_at": opening.created_at,
            "paid_at": trade.paid_at,
            "closed_at": trade.closed_at,
            "closed_by": trade.closed_by,
            "late_after": trade.late_after,
            "product": opening.product,
            "cashier_path": CASHIER_PATH + cashier_token(trade),
            "expires_at": opening.expires_at,
            "notify_url": opening.notify_url,
            "qr_code": trade.qr_code,
            "vendor_state": self.providers[opening.provider].vendor_state(trade),
        }
