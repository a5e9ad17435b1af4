"""
Sides that move while they are read: nobody is accused of what was only half done, and what is wrong stays wrong.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.control import Counts
from harness.looks import audit_moving
from harness.verdict import Verdict
from tests.unit.harness.rows import TickingClock, payment, trade, webhook

# One that has long been paid and told, so that a run of ours shows something.
GOOD = 900


@dataclass
class Moving:
    """
    The three sides, as each look in turn finds them; the last for ever.
    """

    books: Sequence[list[Any]]
    ledgers: Sequence[list[Any]]
    webhooks: Sequence[list[Any]] = ([],)
    abilities: frozenset[str] = frozenset()
    looks: int = -1
    events: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.control = self.gateway = self.sink = self

    def _now(self, rows: Sequence[list[Any]]) -> list[Any]:
        return rows[min(self.looks, len(rows) - 1)]

    async def trades(self) -> Any:
        self.looks += 1
        self.events = [webhook(GOOD, event="good"), *self._now(self.webhooks)]
        for row in [trade(GOOD), *self._now(self.books)]:
            yield row

    async def export(self, *, ours: Any) -> Any:
        for row in [payment(GOOD), *self._now(self.ledgers)]:
            assert ours(row.merchant_order_no)
            yield row

    async def notifies(self) -> Any:
        nobody: list[Any] = []
        for delivery in nobody:
            yield delivery

    async def counts(self) -> Counts:
        return Counts(**{**dict.fromkeys(Counts.__dataclass_fields__, 0), "notifies_delivered": 1, "notifies_acked": 1})


def audited(sides: Moving) -> Any:
    three: Any = sides
    return asyncio.run(audit_moving(three, ours=lambda _order: True, clock=TickingClock()))


def waiting(number: int = 1) -> Any:
    return payment(number, status="PENDING", credited=())


def test_who_pays_between_two_readings_has_not_credited_himself():
    """
    The book was read before the buyer paid, the ledger after it.
    """
    sides = Moving(books=[[trade(paid=0)], [trade()]], ledgers=[[payment()]], webhooks=[[webhook()]])
    report = audited(sides)

    assert (report.verdict, report.findings, report.reasons) == (Verdict.PASS, (), ())
    assert sides.looks == 2, "found at the first, gone at the second, and still gone at the third"


def test_a_gateway_that_catches_up_has_lost_nothing_yet():
    books = [[trade(1), trade(2), trade(3), trade(4), trade(5), trade(6), trade(7)]]
    behind = [[*map(payment, range(1, n)), *map(waiting, range(n, 8))] for n in range(1, 8)]
    told = [[webhook(number, event=f"e{number}") for number in range(1, n)] for n in range(1, 8)]

    report = audited(Moving(books=books, ledgers=behind, webhooks=told))

    assert (report.verdict, report.lost, report.findings) == (Verdict.UNKNOWN, 0, ())
    assert "may follow" in report.reasons[-1]


def test_what_is_lost_stays_lost():
    sides = Moving(books=[[trade()]], ledgers=[[waiting()]])
    report = audited(sides)

    assert (report.verdict, report.lost, sides.looks) == (Verdict.FAIL, 1, 1)
    assert report.findings[0].order.startswith("pp000001")


def test_who_credits_himself_is_told_from_who_was_paid_meanwhile():
    """
    Payment 1 is paid between two readings; payment 2 was never paid.
    """
    never = trade(2, paid=0)
    sides = Moving(
        books=[[trade(1, paid=0), never], [trade(1), never]],
        ledgers=[[payment(1), payment(2)]],
        webhooks=[[webhook(1), webhook(2, event="e2")]],
    )
    report = audited(sides)

    assert report.verdict is Verdict.FAIL
    assert {finding.order for finding in report.findings} == {payment(2).merchant_order_no}


def test_an_amount_that_changes_from_look_to_look_is_no_accusation():
    ledgers = [[replace(payment(), amount_fen=fen)] for fen in range(980, 990)]
    report = audited(Moving(books=[[trade()]], ledgers=ledgers, webhooks=[[webhook()]]))

    assert (report.verdict, report.findings) == (Verdict.UNKNOWN, ())
    assert any("while the books were read" in reason for reason in report.reasons)
