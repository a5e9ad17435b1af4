"""
"A day begins at midnight": in the time zone of the server, which is not the bill's.
"""

from datetime import datetime, timedelta
from functools import partial

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.bill import BillKind
from reference_gateway.domain.reconciliation import BookCursor, BookRow

EAST = timedelta(hours=8)


class Around(AroundUnit):
    """A day's books begin eight hours late."""

    async def booked(
        self,
        kind: BillKind,
        channel: str,
        *,
        span: tuple[datetime, datetime],
        after: BookCursor | None,
        limit: int,
    ) -> list[BookRow]:
        start, end = span
        page: list[BookRow] = await self._inner.booked(
            kind, channel, span=(start + EAST, end + EAST), after=after, limit=limit
        )
        return page


MUTANT = Mutant(
    id="days-in-utc",
    bug="cuts its days at midnight in UTC, and compares them with days in Beijing",
    parts=lambda: {"around_store": partial(AroundStore, unit=Around)},
    must_be_convicted_by=("reconciliation/beijing-day",),
    tried_in=("bill-around-midnight",),
)
