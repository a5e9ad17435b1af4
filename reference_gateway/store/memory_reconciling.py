"""
Routing and reconciliation in memory: a part of the unit of work with the same locks and keys as the tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from reference_gateway.domain.bill import BillKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.reconciliation import (
    NO_LONGER_FOUND,
    BookCursor,
    BookRow,
    Difference,
    DifferenceKind,
    DifferenceStatus,
    Known,
    Reconciliation,
    ReconciliationStatus,
    found_elsewhere,
)
from reference_gateway.domain.records import Posting
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.routing import RouteRecord
from reference_gateway.store.memory_locks import HeldLocks, Rank

Place = tuple[str, date]
DifferenceKey = tuple[str, date, str, str, str]


@dataclass(slots=True)
class ReconcilingRows:
    """Rows of routing and reconciliation: all that are committed, or what one transaction wrote."""

    routes: dict[str, RouteRecord] = field(default_factory=dict)
    days: dict[Place, Reconciliation] = field(default_factory=dict)
    differences: dict[DifferenceKey, Difference] = field(default_factory=dict)

    def apply(self, changes: ReconcilingRows) -> None:
        """Make *changes* visible."""
        self.routes.update(changes.routes)
        self.days.update(changes.days)
        self.differences.update(changes.differences)


class MemoryReconciling:
    """Routes, days compared, differences, pages of the books."""

    _held: HeldLocks

    async def _point(self, place: str) -> None:
        raise NotImplementedError

    @property
    def _compared(self) -> ReconcilingRows:
        """What is committed."""
        raise NotImplementedError

    @property
    def _comparing(self) -> ReconcilingRows:
        """What this transaction wrote."""
        raise NotImplementedError

    def _postings(self, kind: str) -> Iterable[tuple[Posting, Payment, Refund | None]]:
        """Return the committed postings of a kind with their payments and refunds."""
        raise NotImplementedError

    def _known_payment(self, out_trade_no: str) -> Payment | None:
        raise NotImplementedError

    def _known_refund(self, out_request_no: str) -> tuple[Refund, Payment] | None:
        raise NotImplementedError

    async def record_routes(self, rows: Sequence[RouteRecord]) -> None:
        await self._point("record_routes")
        self._comparing.routes.update((row.payment_id, row) for row in rows)

    async def route(self, payment_id: str) -> RouteRecord | None:
        await self._point("route")
        return self._comparing.routes.get(payment_id) or self._compared.routes.get(payment_id)

    async def booked(
        self, kind: BillKind, channel: str, *, span: tuple[datetime, datetime], after: BookCursor | None, limit: int
    ) -> list[BookRow]:
        await self._point("booked")
        rows = [
            _book_row(kind, posting, payment, refund)
            for posting, payment, refund in self._postings(kind)
            if payment.channel == channel
        ]
        within = [
            row for row in rows if span[0] <= row.at < span[1] and (after is None or (row.at, row.number) > after)
        ]
        return sorted(within, key=lambda row: (row.at, row.number))[:limit]

    async def known(self, kind: BillKind, numbers: Collection[str]) -> dict[str, Known]:
        await self._point("known")
        booked_at = {row.number: row.at for row in (_book_row(kind, *booked) for booked in self._postings(kind))}
        found: dict[str, Known] = {}
        for number in numbers:
            payment = self._known_payment(number) if kind == "payment" else None
            pair = self._known_refund(number) if kind == "refund" else None
            if payment is not None:
                found[number] = Known(
                    channel=payment.channel,
                    status=payment.status.value,
                    amount_fen=payment.amount_fen,
                    booked_at=booked_at.get(number),
                )
            elif pair is not None:
                found[number] = Known(
                    channel=pair[1].channel,
                    status=pair[0].status.value,
                    amount_fen=pair[0].amount_fen,
                    booked_at=booked_at.get(number),
                )
        return found

    async def refunds_by_request_no(self, numbers: Collection[str]) -> dict[str, tuple[Refund, Payment]]:
        await self._point("refunds_by_request_no")
        found = {number: self._known_refund(number) for number in numbers}
        return {number: pair for number, pair in found.items() if pair is not None}

    async def claim_reconciliation(self, wanted: Reconciliation, *, again: bool) -> bool:
        await self._point("claim_reconciliation")
        place = (wanted.channel, wanted.day)
        await self._held.take(Rank.RECONCILIATION, [(wanted.channel, wanted.day.isoformat())])
        row = self._day(place)
        if row is None:
            self._comparing.days[place] = wanted
            return True
        over = row.status is ReconciliationStatus.RUNNING and row.lease_until <= wanted.started_at
        redo = row.status is ReconciliationStatus.DONE and again
        if not (row.status is ReconciliationStatus.WAITING or over or redo):
            return False
        self._comparing.days[place] = replace(
            row, status=wanted.status, started_at=wanted.started_at, lease_until=wanted.lease_until
        )
        return True

    async def save_reconciliation(self, row: Reconciliation) -> None:
        await self._point("save_reconciliation")
        await self._held.take(Rank.RECONCILIATION, [(row.channel, row.day.isoformat())])
        self._comparing.days[row.channel, row.day] = row

    async def reconciliation(self, channel: str, day: date) -> Reconciliation | None:
        await self._point("reconciliation")
        return self._day((channel, day))

    async def list_reconciliations(self, *, limit: int) -> list[Reconciliation]:
        await self._point("list_reconciliations")
        rows = {**self._compared.days, **self._comparing.days}.values()
        return sorted(rows, key=lambda row: (-row.day.toordinal(), row.channel))[:limit]

    async def put_differences(self, channel: str, day: date, differences: Sequence[Difference]) -> None:
        await self._point("put_differences")
        for key, one in self._all_differences().items():
            if key[:2] == (channel, day) and one.status is DifferenceStatus.OPEN:
                self._comparing.differences[key] = replace(
                    one, status=DifferenceStatus.EXPLAINED, explanation=NO_LONGER_FOUND
                )
        for one in differences:
            self._comparing.differences[channel, day, one.kind.value, one.row_kind, one.number] = one

    async def differences(self, channel: str, day: date) -> list[Difference]:
        await self._point("differences")
        found = self._all_differences()
        return [found[key] for key in sorted(found) if key[:2] == (channel, day)]

    async def explain_elsewhere(self, channel: str, day: date, numbers: Collection[tuple[BillKind, str]]) -> int:
        await self._point("explain_elsewhere")
        wanted = set(numbers)
        missing = DifferenceKind.MISSING_THERE.value
        explained = 0
        for key, one in self._all_differences().items():
            away = key[0] == channel and key[1] != day and key[2] == missing
            if away and one.status is DifferenceStatus.OPEN and (one.row_kind, one.number) in wanted:
                words = one.explanation + found_elsewhere(day)
                self._comparing.differences[key] = replace(one, status=DifferenceStatus.EXPLAINED, explanation=words)
                explained += 1
        return explained

    def _day(self, place: Place) -> Reconciliation | None:
        return self._comparing.days.get(place) or self._compared.days.get(place)

    def _all_differences(self) -> dict[DifferenceKey, Difference]:
        return {**self._compared.differences, **self._comparing.differences}


def _book_row(kind: BillKind, posting: Posting, payment: Payment, refund: Refund | None) -> BookRow:
    number = payment.channel_no if refund is None else refund.out_request_no
    moved_at = payment.paid_at if refund is None else refund.finished_at
    return BookRow(
        kind=kind,
        number=number,
        out_trade_no=payment.channel_no,
        amount_fen=posting.amount_fen,
        at=moved_at or posting.at,
    )
