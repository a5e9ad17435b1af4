"""
A book that keeps hardly any order in memory says what one says that keeps them all, whatever comes in between.
"""

import copy
import tempfile
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from mock_providers.core.books.book import Book, Opening, Refund, RefundState, Trade, cashier_token
from mock_providers.core.money import Fen
from mock_providers.core.numbers import Numbers
from mock_providers.core.shelves import shelf
from mock_providers.core.shelves.drawer import Drawer
from mock_providers.core.shelves.scratch import Scratch, Sieve
from mock_providers.errors import BookRefused

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ORDERS, MERCHANTS, PROVIDERS = ("o1", "o2", "o3", "o4"), ("m1", "m2"), ("alipay", "wechatpay")
ALL = 10**9


def opening(order: str = "o1", merchant: str = "m1", provider: str = "alipay") -> Opening:
    return Opening(
        provider=provider,
        out_trade_no=order,
        merchant_id=merchant,
        app_id="a",
        label="pp000001",
        subject="tip \ud800",
        total_fen=Fen(100),
        created_at=T0,
        expires_at=T0 + timedelta(seconds=40),
        refundable_s=60.0,
    )


class Hands:
    """
    One book, and what somebody does with it: the same words to two books must have the same answers.
    """

    def __init__(self, *, kept: int, numbers: Numbers = Numbers()) -> None:  # noqa: B008  frozen
        self.book = Book(numbers=numbers, kept=kept)
        self.now = T0
        self.held: Trade | None = None
        self.codes: set[str] = set()

    def order(self, who: tuple[str, str, str]) -> Trade | None:
        provider, order, merchant = who
        return self.book.by_order(provider, order, merchant_id=merchant, now=self.now)

    def open(self, who: tuple[str, str, str]) -> None:
        provider, order, merchant = who
        if self.order(who) is None:
            self.book.open(
                opening(order, merchant, provider), qr_code=f"qr{who}", qr_expires_at=T0 + timedelta(hours=1)
            )

    def step(self, word: str, who: tuple[str, str, str]) -> None:
        self.now += timedelta(seconds=1)
        trade = self.order(who)
        if word == "open":
            self.open(who)
        elif word == "reset":
            self.book.clear()
        elif word == "hold":
            self.held = trade
        elif word == "drop":
            self.held = None
        elif word == "note_held" and self.held is not None:
            self.held.notes[f"n{len(self.held.notes)}"] = "x"
        elif trade is not None:
            with suppress(BookRefused):
                self._act(word, trade)

    def _act(self, word: str, trade: Trade) -> None:
        about = f"{trade.opening.provider}{trade.opening.out_trade_no}{trade.opening.merchant_id}"
        if word == "note":
            trade.notes["n"] = str(self.now)
            trade.creations += 1
        elif word == "pay":
            self.book.scan(trade, trade_no=f"t{about}", now=self.now)
            self.book.pay(trade, now=self.now)
        elif word == "refund":
            number = f"r{len(trade.refunds)}"  # the same for several orders of one merchant
            refund = Refund(number, Fen(10), self.now, refund_no=f"R{about}{number}", state=RefundState.PROCESSING)
            self.book.refund(trade, refund)
        elif word == "settle":
            for number in trade.refunds:
                self.book.settle_refund(trade, number, ok=True, now=self.now)
        elif word == "renew":
            self.codes.add(trade.qr_code)
            self.book.renew_qr(trade, qr_code=f"q{self.now}{about}", qr_expires_at=T0 + timedelta(hours=1))

    def views(self) -> Iterator[Any]:
        """
        Everything that a book can be asked.
        """
        book, now = self.book, self.now
        yield [copy.copy(one) for one in book.trades(now=now)]
        yield [one.seq for one in book.newest(now=now)], [one.seq for one in book.newest(now=now, before=3)]
        yield [one.seq for one in book.page(after=1, limit=2, now=now, merchant_id="m1")[0]], len(book)
        yield [book.by_qr(code, now=now) for code in sorted(self.codes)]
        for one in list(book.trades(now=now)):
            about = one.opening
            yield book.by_order(about.provider, about.out_trade_no, now=now)
            yield book.by_qr(one.qr_code, now=now), book.by_token(cashier_token(one), now=now)
            yield one.trade_no and book.by_trade_no(about.provider, one.trade_no, now=now)
            for refund in one.refunds.values():
                yield book.by_refund_no(about.provider, refund.refund_no)
                yield book.by_refund_request(about.provider, about.merchant_id, refund.out_request_no)


WORDS = ("open", "pay", "refund", "settle", "renew", "note", "hold", "drop", "note_held", "reset")
WHO = st.tuples(st.sampled_from(PROVIDERS), st.sampled_from(ORDERS), st.sampled_from(MERCHANTS))
STEPS = st.lists(st.tuples(st.sampled_from((*WORDS, *["open"] * 5)), WHO), max_size=60)


def compared(steps: list[tuple[str, tuple[str, str, str]]], *, kept: int, numbers: Numbers) -> None:
    few, every = Hands(kept=kept, numbers=numbers), Hands(kept=ALL, numbers=numbers)
    try:
        for word, who in steps:
            few.step(word, who)
            every.step(word, who)
        assert list(few.views()) == list(every.views())
    finally:
        few.book.release()


FIRST, SECOND, THIRD = (("alipay", order, "m1") for order in ORDERS[:3])
# One number for refunds of two orders is that of the refund that came first; an old code stops working.
SAME_NUMBER = [
    *(("open", who) for who in (FIRST, SECOND)),
    *(("pay", who) for who in (FIRST, SECOND)),
    *(("refund", who) for who in (SECOND, FIRST)),
    ("open", THIRD),
]
RENEWED = [("open", FIRST), ("open", SECOND), ("renew", FIRST), ("renew", FIRST), ("open", THIRD)]


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, kept=st.integers(1, 3), index=st.integers(0, 1))
@example(steps=SAME_NUMBER, kept=1, index=0)
@example(steps=SAME_NUMBER, kept=3, index=0)
@example(steps=RENEWED, kept=1, index=1)
@example(steps=RENEWED, kept=3, index=1)
def test_however_few_are_kept_every_view_is_the_same(steps, kept, index):
    compared(steps, kept=kept, numbers=Numbers(index, 2))


@pytest.mark.parametrize("kept", [1, ALL])
def test_a_number_of_two_refunds_is_that_of_the_first(kept):
    hands = Hands(kept=kept)
    for word, who in SAME_NUMBER:
        hands.step(word, who)
    found = hands.book.by_refund_request("alipay", "m1", "r0")
    assert found is not None
    assert found[0].opening.out_trade_no == "o2"
    hands.book.release()


LOSS = [
    ("open", ("alipay", "o1", "m1")),
    ("hold", ("alipay", "o1", "m1")),
    *(("open", ("wechatpay", order, "m1")) for order in ORDERS),
    ("note_held", ("alipay", "o1", "m1")),
    ("drop", ("alipay", "o1", "m1")),
    *(("open", ("wechatpay", order, "m2")) for order in ORDERS),
]


def test_what_somebody_holds_is_not_put_away_under_their_hands():
    compared(LOSS, kept=1, numbers=Numbers())


def test_a_shelf_that_put_it_away_would_be_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shelf, "ref", lambda _: lambda: None)
    with pytest.raises(AssertionError):
        compared(LOSS, kept=1, numbers=Numbers())


def test_many_that_are_held_cost_little_and_go_when_they_are_let_go_of():
    packed = []

    def pack(thing: Trade) -> bytes:
        packed.append(thing.seq)
        return pack_one(thing)

    book = Book(kept=1)
    pack_one, book._trades._pack = book._trades._pack, pack
    held = [book.open(opening(f"o{number}")) for number in range(100)]
    assert len(packed) <= 100 * shelf._CATCH_UP
    assert len(book._trades._recent) == 100
    del held
    packed.clear()
    for number in range(100, 150):
        book.open(opening(f"o{number}"))
    assert len(book._trades._recent) <= 2
    assert len(list(book.trades(now=T0))) == 150
    book.release()


def filled(book: Book, count: int = 6) -> None:
    for number in range(1, count + 1):
        book.open(opening(f"o{number}"), qr_code=f"qr{number}", qr_expires_at=T0 + timedelta(hours=1))


@pytest.fixture
def book() -> Iterator[Book]:
    book = Book(kept=1)
    yield book
    book.release()


def test_a_listing_and_a_look_up_give_one_object(book: Book):
    filled(book)
    listed = next(book.trades(now=T0))
    assert book.by_order("alipay", "o1", now=T0) is listed
    again = list(book.trades(now=T0))
    assert [book.by_qr(one.qr_code, now=T0) for one in again] == again
    assert all(book.by_qr(one.qr_code, now=T0) is one for one in again)


def test_what_the_book_does_to_a_listed_order_lasts(book: Book):
    filled(book)
    book.scan(next(book.trades(now=T0)), trade_no="t1", now=T0)
    book.open(opening("other"))
    book.open(opening("another"))
    found = book.by_trade_no("alipay", "t1", now=T0)
    assert found is not None
    assert found.opening.out_trade_no == "o1"


def test_a_listing_that_is_under_way_tells_of_changes(book: Book):
    filled(book)
    orders = book.trades(now=T0)
    next(orders)
    trade = book.by_order("alipay", "o3", now=T0)
    assert trade is not None
    book.scan(trade, trade_no="t3", now=T0)
    del trade
    for number in (4, 5, 6):
        book.by_order("alipay", f"o{number}", now=T0)
    assert [one.trade_no for one in orders] == [None, "t3", None, None, None]


def test_an_order_that_was_forgotten_does_not_come_back(book: Book):
    filled(book, 3)
    held = book.by_order("alipay", "o1", now=T0)
    assert held is not None
    book.clear()
    filled(book, 2)
    book.scan(held, trade_no="gone", now=T0)
    assert book.by_trade_no("alipay", "gone", now=T0) is None
    assert [one.trade_no for one in book.trades(now=T0)] == [None, None]


class Same(str):
    """
    A text whose hash is that of all others.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return 1


def test_names_of_one_hash_are_told_apart(book: Book):
    for number in range(1, 5):
        book.open(replace(opening(), provider=Same("alipay"), out_trade_no=Same(f"o{number}")))
    found = [book.by_order(Same("alipay"), Same(f"o{number}"), now=T0, merchant_id="m1") for number in range(1, 6)]
    assert [one and one.seq for one in found] == [1, 2, 3, 4, None]


def test_nothing_is_written_while_there_is_room(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("written")

    monkeypatch.setattr(Scratch, "_make", refuse)
    book = Book(kept=6)
    filled(book)
    assert len(list(book.trades(now=T0))) == 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def told() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, whatever level an earlier test has left to the process."""
    before = structlog.get_config()
    structlog.reset_defaults()
    with capture_logs() as lines:
        yield lines
    structlog.configure(**before)


def test_the_file_has_no_name(folder: Path, book: Book):
    filled(book)
    assert book.by_order("alipay", "o1", now=T0) is not None
    assert list(folder.iterdir()) == []


def test_a_disk_that_takes_nothing_loses_nothing_and_is_told_of_once(
    folder: Path, book: Book, told: list[MutableMapping[str, Any]]
):
    folder.rmdir()
    filled(book, 20)
    assert [one.opening.out_trade_no for one in book.trades(now=T0)] == [f"o{number}" for number in range(1, 21)]
    (line,) = told
    assert (line["event"], line["folder"]) == ("not_put_on_disk", str(folder))
    assert "TMPDIR" in line["next_step"]
    folder.mkdir()
    book.open(opening("o21"))
    assert book._trades._scratch.made
    assert book.by_order("alipay", "o1", now=T0) is not None


def test_a_disk_that_fills_up_loses_nothing(book: Book):
    filled(book, 20)
    file = book._trades._scratch._file
    assert file is not None
    file.execute("PRAGMA max_page_count = 1")
    for number in range(21, 200):
        trade = book.open(replace(opening(f"o{number}"), subject="x" * 500), trade_no=f"t{number}")
        trade.notes["n"] = str(number)
        del trade
    assert [one.opening.out_trade_no for one in book.trades(now=T0)] == [f"o{number}" for number in range(1, 200)]
    found = [book.by_trade_no("alipay", f"t{number}", now=T0) for number in range(21, 200)]
    assert [one and one.notes["n"] for one in found] == [str(number) for number in range(21, 200)]


KEYS = st.tuples(st.sampled_from(("a", "b\0", "\ud800")), st.text(max_size=2))


@settings(max_examples=100, deadline=None)
@given(puts=st.lists(st.tuples(KEYS, st.integers(0, 9)), max_size=40), kept=st.integers(1, 3))
def test_a_drawer_remembers_everything(puts, kept):
    drawer: Drawer[int] = Drawer(kept=kept)
    for key, value in puts:
        drawer[key] = (drawer.get(key) or 0) + value
    plain: dict[tuple[str, ...], int] = {}
    for key, value in puts:
        plain[key] = plain.get(key, 0) + value
    assert sorted(drawer.items()) == sorted(plain.items())
    assert {key: drawer.get(key) for key in plain} == plain
    drawer.clear()
    assert list(drawer.items()) == [] == [key for key in plain if drawer.get(key) is not None]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_a_sieve_lets_everything_pass_that_went_in(hashes):
    sieve = Sieve()
    assert not any(map(sieve.passes, hashes))
    sieve.add(hashes)
    assert all(map(sieve.passes, hashes))
