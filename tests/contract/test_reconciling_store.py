"""What routing and reconciliation are promised by every store."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from reference_gateway.domain.money import Fen
from reference_gateway.domain.reconciliation import (
    NO_LONGER_FOUND,
    Difference,
    DifferenceKind,
    DifferenceStatus,
    Known,
    Reconciliation,
    ReconciliationStatus,
    span_of,
)
from reference_gateway.domain.routing import RouteChoice, RouteRecord, Weighing
from reference_gateway.domain.transitions import PaymentStatus, RefundStatus
from tests.contract.samples import ACCOUNTS, NOW, payment, posting, refund

pytestmark = pytest.mark.asyncio
DAY = date(2026, 11, 23)
SPAN = span_of(DAY)


def paid(number: int, at: datetime = NOW, **changes: Any) -> Any:
    return payment(number, status=PaymentStatus.PAID, paid_at=at, **changes)


async def keep(store: Any, payments: Any, postings: Any, refunds: Any = ()) -> None:
    async with store() as unit:
        await unit.insert_payments(payments)
        await unit.save_payments(payments)
        for one in refunds:
            await unit.insert_refund(one)
            await unit.save_refund(one)
        await unit.open_accounts([*ACCOUNTS, replace(ACCOUNTS[0], name="channel:other")])
        await unit.post(postings)
        await unit.commit()


def posted(number: int, **changes: Any) -> Any:
    return posting(number, payment_id=f"pay{number}", **changes)


def day(status: ReconciliationStatus = ReconciliationStatus.RUNNING, **changes: Any) -> Reconciliation:
    row = Reconciliation(channel="alipay", day=DAY, status=status, started_at=NOW, lease_until=NOW + timedelta(hours=1))
    return replace(row, **changes)


def difference(number: str = "G1", **changes: Any) -> Difference:
    made = Difference(
        kind=DifferenceKind.MISSING_THERE,
        row_kind="payment",
        number=number,
        out_trade_no=number,
        explanation="not in the bill",
        here_fen=Fen(100),
    )
    return replace(made, **changes)


async def claimed(store: Any, row: Reconciliation, *, again: bool = False) -> bool:
    async with store() as unit:
        won = await unit.claim_reconciliation(row, again=again)
        await unit.commit()
    return bool(won)


async def saved(store: Any, row: Reconciliation, *differences: Difference) -> None:
    async with store() as unit:
        await unit.save_reconciliation(row)
        await unit.put_differences(row.channel, row.day, differences)
        await unit.commit()


async def test_the_reasons_of_a_choice_come_back_as_they_were_put(store):
    choice = RouteChoice(
        "alipay", "drew the lot", (Weighing("alipay", 7, "weight 100"), Weighing("b", 0, "has no 产品"))
    )
    await keep(store, [payment()], [])
    async with store() as unit:
        await unit.record_routes([RouteRecord("pay1", choice, NOW)])
        await unit.commit()
    async with store() as unit:
        assert await unit.route("pay1") == RouteRecord("pay1", choice, NOW)
        assert await unit.route("pay2") is None


async def test_the_books_of_a_day_come_in_pages_and_in_order(store):
    minute = timedelta(minutes=1)
    payments = [paid(n, NOW + n // 2 * minute) for n in range(1, 6)]
    await keep(store, payments, [posted(n) for n in range(1, 6)])
    seen, after = [], None
    async with store() as unit:
        while page := await unit.booked("payment", "alipay", span=SPAN, after=after, limit=2):
            seen += page
            after = (page[-1].at, page[-1].number)
    assert [(row.number, row.amount_fen, row.at) for row in seen] == [
        (f"G{n}", 100, NOW + n // 2 * minute) for n in range(1, 6)
    ]


async def test_the_books_of_a_day_are_a_channels_own_and_end_at_midnight(store):
    first, last = SPAN[0], SPAN[1] - timedelta(microseconds=1)
    payments = [
        paid(1, first),
        paid(2, last),
        paid(3, SPAN[1]),
        paid(4, first - timedelta(seconds=1)),
        paid(5, channel="other"),
        payment(6, paid_at=NOW),
    ]
    postings = [posted(n) for n in range(1, 5)] + [posted(5, debit="channel:other")]
    await keep(store, payments, postings)
    async with store() as unit:
        rows = await unit.booked("payment", "alipay", span=SPAN, after=None, limit=9)
    assert [row.number for row in rows] == ["G1", "G2"]


async def test_refunds_are_booked_where_they_finished(store):
    done = refund(status=RefundStatus.SUCCEEDED, finished_at=NOW)
    waits = refund(2, status=RefundStatus.PROCESSING)
    back = posting(
        9,
        key="refund:re1",
        kind="refund",
        refund_id="re1",
        debit="app:live",
        credit="channel:alipay",
        amount_fen=Fen(40),
    )
    await keep(store, [paid(1)], [posted(1)], [done, waits])
    async with store() as unit:
        await unit.post([back])
        await unit.commit()
    async with store() as unit:
        (row,) = await unit.booked("refund", "alipay", span=SPAN, after=None, limit=9)
        assert (row.number, row.out_trade_no, row.amount_fen, row.at) == ("R1", "G1", 40, NOW)
        found = await unit.known("refund", ["R1", "R2", "R3"])
        assert found == {
            "R1": Known(channel="alipay", status="SUCCEEDED", amount_fen=Fen(40), booked_at=NOW),
            "R2": Known(channel="alipay", status="PROCESSING", amount_fen=Fen(40)),
        }
        pairs = await unit.refunds_by_request_no(["R2", "R3"])
    assert {number: (one.id, of.id) for number, (one, of) in pairs.items()} == {"R2": ("re2", "pay1")}


async def test_what_is_known_of_a_payment_tells_whether_it_is_booked(store):
    await keep(store, [paid(1), payment(2, status=PaymentStatus.CLOSED)], [posted(1)])
    async with store() as unit:
        found = await unit.known("payment", ["G1", "G2", "G3"])
    assert found == {
        "G1": Known(channel="alipay", status="PAID", amount_fen=Fen(100), booked_at=NOW),
        "G2": Known(channel="alipay", status="CLOSED", amount_fen=Fen(100)),
    }


async def test_of_those_who_claim_a_day_at_once_one_gets_it(store):
    wins = await asyncio.gather(*(claimed(store, day()) for _ in range(8)))
    assert sorted(wins) == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("standing", "later", "again", "won"),
    [
        (ReconciliationStatus.RUNNING, timedelta(minutes=59), True, False),
        (ReconciliationStatus.RUNNING, timedelta(hours=1), False, True),
        (ReconciliationStatus.WAITING, timedelta(0), False, True),
        (ReconciliationStatus.DONE, timedelta(days=9), False, False),
        (ReconciliationStatus.DONE, timedelta(0), True, True),
    ],
)
async def test_a_day_is_claimed_again_only_for_a_reason(store, standing, later, again, won):
    await claimed(store, day())
    await saved(store, day(standing, bill_rows=3))
    assert await claimed(store, day(started_at=NOW + later), again=again) is won
    async with store() as unit:
        row = await unit.reconciliation("alipay", DAY)
    assert (row.status is ReconciliationStatus.RUNNING) is (won or standing is ReconciliationStatus.RUNNING)
    assert row.bill_rows == 3


async def test_days_are_listed_latest_first(store):
    for channel, at in (("b", DAY), ("alipay", DAY), ("alipay", DAY + timedelta(days=1))):
        await claimed(store, day(channel=channel, day=at))
    async with store() as unit:
        rows = await unit.list_reconciliations(limit=2)
        assert await unit.reconciliation("alipay", date(2020, 1, 1)) is None
    assert [(row.channel, row.day) for row in rows] == [("alipay", DAY + timedelta(days=1)), ("alipay", DAY)]


async def test_a_later_comparison_replaces_what_is_open_and_keeps_what_was_repaired(store):
    await claimed(store, day())
    repaired = difference("G2", status=DifferenceStatus.REPAIRED, kind=DifferenceKind.STATE)
    await saved(store, day(), difference("G1"), repaired)
    fresh = difference("G3", there_fen=Fen(5))
    await saved(store, day(ReconciliationStatus.DONE, finished_at=NOW), fresh)
    async with store() as unit:
        found = {one.number: one for one in await unit.differences("alipay", DAY)}
    assert found["G2"] == repaired
    assert found["G3"] == fresh
    assert (found["G1"].status, found["G1"].explanation) == (DifferenceStatus.EXPLAINED, NO_LONGER_FOUND)


async def test_what_one_day_missed_is_explained_by_the_day_that_has_it(store):
    tomorrow = DAY + timedelta(days=1)
    await claimed(store, day())
    await saved(store, day(), difference("R1", row_kind="refund"), difference("G1"), difference("G2"))
    await claimed(store, day(day=tomorrow))
    async with store() as unit:
        numbers = {("refund", "R1"), ("payment", "G2"), ("refund", "G1")}
        assert await unit.explain_elsewhere("alipay", tomorrow, numbers) == 2
        assert await unit.explain_elsewhere("alipay", DAY, numbers) == 0
        await unit.commit()
    async with store() as unit:
        found = {one.number: one for one in await unit.differences("alipay", DAY)}
    assert found["G1"].status is DifferenceStatus.OPEN
    assert found["R1"].explanation == "not in the bill; the bill of 2026-11-24 has it"
