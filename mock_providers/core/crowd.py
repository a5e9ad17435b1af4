"""
A crowd of buyers who need no hand: whatever is opened is paid, so long after its opening.

For load runs, where a call of the control API for each payment would cost as much as the payment. It refuses to know
which provider an order stands at.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mock_providers.core.books.book import Book, Trade
from mock_providers.core.clock import ScheduleClock
from mock_providers.errors import BookRefused


@dataclass(frozen=True, slots=True)
class Crowd:
    """
    Args:
        pay: lets the buyer of a trade pay.
        after_s: schedule time between opening and paying.
    """

    schedule: ScheduleClock
    pay: Callable[[Trade], None]
    after_s: float

    def watch(self, book: Book) -> None:
        """
        Send a buyer to every order that is opened from here on; snapshots know nothing of buyers on their way.
        """
        book.opened = self._opened

    def _opened(self, trade: Trade) -> None:
        self.schedule.call_at(self.schedule.now_s + self.after_s, partial(self._arrive, trade))

    async def _arrive(self, trade: Trade) -> None:
        # Closed meanwhile, or paid by another hand: the book says so.
        with contextlib.suppress(BookRefused):
            self.pay(trade)
