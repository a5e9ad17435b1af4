import asyncio

import pytest

from harness.control import BuyerAction
from harness.errors import ControlError
from harness.load.buyers import PAGE, Buyers
from tests.unit.harness.rows import NOON, trade


class Book:
    """
    A control API with a growing book.
    """

    def __init__(self):
        self.rows = []
        self.paid = []

    async def trades_page(self, *, after, limit):
        begin = int(after or 0)
        page = self.rows[begin : begin + limit]
        more = begin + limit < len(self.rows)
        return tuple(page), str(begin + limit) if more else None

    async def buyer(self, provider, out_trade_no, *, action):
        if out_trade_no == "T13":
            raise ControlError("closed", status=409, code="closed")
        assert action is BuyerAction.PAY
        self.paid.append(out_trade_no)


class Looking:
    """
    A clock whose sleepers wake at once, after something happened to the book.
    """

    def __init__(self, *happenings):
        self.happenings = list(happenings)

    def now(self):
        return NOON

    async def sleep(self, seconds):
        if self.happenings:
            self.happenings.pop(0)()


@pytest.mark.asyncio
async def test_each_trade_is_paid_once_however_often_the_book_is_read():
    book, over = Book(), asyncio.Event()
    total = PAGE * 2 + 7

    def opened(first, last):
        return lambda: book.rows.extend(trade(number, paid=0) for number in range(first, last))

    clock = Looking(opened(1, 10), opened(10, total), opened(total, total + 1), over.set)
    buyers = Buyers(book, clock=clock)

    await buyers.follow(over)

    assert sorted(book.paid) == sorted(f"T{number}" for number in range(1, total + 1) if number != 13)
    assert (buyers.paid, buyers.refused) == (total - 1, 1)


@pytest.mark.asyncio
async def test_what_was_opened_at_the_very_end_is_paid_too():
    book, over = Book(), asyncio.Event()

    def end():
        book.rows.append(trade(1, paid=0))
        over.set()

    await Buyers(book, clock=Looking(end)).follow(over)

    assert book.paid == ["T1"]
