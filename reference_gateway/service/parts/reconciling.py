"""
What routing and reconciliation ask of the store: the reasons of choices, days compared, differences, the books by day.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from reference_gateway.domain.bill import BillKind
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.reconciliation import BookCursor, BookRow, Difference, Known, Reconciliation
from reference_gateway.domain.refund import Refund
from reference_gateway.domain.routing import RouteRecord


class RoutesPart(Protocol):
    """Why payments took their channels."""

    async def record_routes(self, rows: Sequence[RouteRecord]) -> None: ...

    async def route(self, payment_id: str) -> RouteRecord | None: ...


class BookPagesPart(Protocol):
    """The books of a day, page by page, and what is known of the numbers in a bill."""

    async def booked(
        self, kind: BillKind, channel: str, *, span: tuple[datetime, datetime], after: BookCursor | None, limit: int
    ) -> list[BookRow]:
        """Return what the ledger has for a channel from *span*'s first moment until before its second, in order."""
        ...

    async def known(self, kind: BillKind, numbers: Collection[str]) -> dict[str, Known]:
        """Find payments by out_trade_no, or refunds by out_request_no, with what the ledger has of them."""
        ...

    async def refunds_by_request_no(self, numbers: Collection[str]) -> dict[str, tuple[Refund, Payment]]: ...


class ReconciliationsPart(Protocol):
    """Days that were compared."""

    async def claim_reconciliation(self, wanted: Reconciliation, *, again: bool) -> bool:
        """
        Take a day for comparison: a new one, one that waits, one whose lease is over, or with *again* one that is done.

        Of those who try at once, one is told True.
        """
        ...

    async def save_reconciliation(self, row: Reconciliation) -> None: ...

    async def reconciliation(self, channel: str, day: date) -> Reconciliation | None: ...

    async def list_reconciliations(self, *, limit: int) -> list[Reconciliation]:
        """Return the latest days first."""
        ...

    async def put_differences(self, channel: str, day: date, differences: Sequence[Difference]) -> None:
        """Make these the differences of the day; each stands once, by its kind and number."""
        ...

    async def differences(self, channel: str, day: date) -> list[Difference]: ...

    async def explain_elsewhere(self, channel: str, day: date, numbers: Collection[tuple[BillKind, str]]) -> int:
        """Mark as explained what other days miss in their bills and *day*'s bill has; return how many."""
        ...


class ReconcilingPart(RoutesPart, BookPagesPart, ReconciliationsPart, Protocol):
    """All of it."""
