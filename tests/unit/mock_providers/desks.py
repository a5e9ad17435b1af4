"""
How a provider is put on a desk without sockets: a fresh book, a schedule that stands still, and everything it publishes.

Which vendor it is, and how its merchant signs, is for the desks that are built on this one.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mock_providers.core.books.book import Book, Trade
from mock_providers.core.clock import ScheduleClock
from mock_providers.core.control.state import ControlState
from mock_providers.core.ids import KeyedIds
from mock_providers.core.labels import Labels
from mock_providers.core.notifies.notifier import Notifier
from mock_providers.core.plans import Kind, PlannedDelivery
from mock_providers.core.provider import (
    Call,
    Notice,
    OutgoingNotify,
    ProviderFactory,
    ProviderOptions,
    ProviderWorld,
)
from mock_providers.core.timers import Timers
from mock_providers.core.wire.journal import Journal, RawRequest
from mock_providers.faults.desk import FaultDesk
from mock_providers.faults.rules import Profile
from mock_providers.faults.source import SeededSource

T0 = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)  # 11:04:05 in Beijing
SEED = 7


class Stamp:
    def now(self) -> datetime:
        return T0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here waits")


@dataclass
class Published:
    notices: list[Notice] = field(default_factory=list)

    def publish(self, notice: Notice) -> None:
        self.notices.append(notice)


class ProviderDesk:
    """One provider over one book; the schedule stands still unless it is moved."""

    # The order that a test means when it names none.
    usual_order = "o1"
    # Any: each test knows which vendor stands on its desk.
    provider: Any

    def __init__(self, factory: ProviderFactory, directory: Path, switches: dict[str, Any]) -> None:
        self.name = factory.name
        self.book, self.labels, self.published = Book(), Labels(), Published()
        self.schedule = ScheduleClock(Stamp(), rate=0.0)
        self.timers = Timers(self.schedule)
        self.provider = factory.make(
            ProviderWorld(
                book=self.book,
                schedule=self.schedule,
                stamp=Stamp(),
                ids=KeyedIds(SEED),
                labels=self.labels,
                notices=self.published,
                timers=self.timers,
                credentials_dir=directory,
                options=ProviderOptions(factory.default_label_field, switches),
            )
        )
        self.schedule.start()
        self.faults = FaultDesk(SeededSource(SEED), Profile("calm"))
        self.control = self._control_state()

    def _control_state(self) -> ControlState:
        journal = Journal()
        return ControlState(
            seed=SEED,
            book=self.book,
            journal=journal,
            labels=self.labels,
            notifier=Notifier(schedule=self.schedule, stamp=Stamp(), planner=self.faults, journal=journal),
            timers=self.timers,
            faults=self.faults,
            schedule=self.schedule,
            stamp=Stamp(),
            providers={self.name: self.provider},
            urls={},
        )

    def read(self, request: RawRequest) -> Call:
        call: Call = self.provider.read(request)
        return call

    def trade(self, order: str = "") -> Trade:
        trade = self.book.by_order(self.name, order or self.usual_order, now=self.schedule.now())
        assert trade is not None
        return trade

    def buyer(self, action: str, order: str = "") -> None:
        """
        What a buyer does at the cashier.
        """
        self.control.act(self.trade(order), action)

    def notify(self, place: int = -1, **planned: Any) -> OutgoingNotify:
        """
        One of the published notices, written as a plan of that shape says.
        """
        delivery = PlannedDelivery(planned.pop("kind", Kind.TRUE), **planned)
        outgoing: OutgoingNotify = self.provider.render(self.published.notices[place], delivery, stamp_at=T0)
        return outgoing
