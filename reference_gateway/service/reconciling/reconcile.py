"""
Compare a channel's bill of a day with the ledger, once for each channel and day, and have the differences looked into.

The bill is fetched first and held; the books go past it in pages. A day is claimed in the store, so of several
gateways one compares it, and one that died half-way leaves it to the next. Doing it again changes nothing but what has
changed since.

Facts: alipay/bills
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from reference_gateway.channels.port import BillRow
from reference_gateway.domain.bill import BillKind
from reference_gateway.domain.reconciliation import (
    BookCursor,
    Comparison,
    Difference,
    DifferenceKind,
    DifferenceStatus,
    Known,
    Reconciliation,
    ReconciliationStatus,
    day_of,
    judge_rest,
    span_of,
)
from reference_gateway.errors import (
    BadRequest,
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    UnknownReconciliation,
)
from reference_gateway.service.orders.route_payment import Router
from reference_gateway.service.reconciling.repair import ASKED_ABOUT, Repair
from reference_gateway.service.runtime import Runtime

PAGE_ROWS = 1000
QUESTIONS_MAX = 200
"""When a bill is empty or wrong as a whole, asking about every row helps nobody."""

KINDS: tuple[BillKind, ...] = ("payment", "refund")


@dataclass(frozen=True, slots=True)
class Comparing:
    """A day compared, or being compared; *fresh* when this call did it."""

    row: Reconciliation
    differences: Sequence[Difference]
    fresh: bool


class Reconcile:
    """The use case, for people and for the worker."""

    def __init__(self, runtime: Runtime, *, repair: Repair, router: Router) -> None:
        self._runtime = runtime
        self._repair = repair
        self._router = router
        # Longer than fetching a bill can take; renewed while the comparison goes on.
        self._lease = timedelta(seconds=2 * runtime.rules.lease_s)

    def channels(self) -> list[str]:
        """Name the channels that have bills."""
        return [name for name, one in sorted(self._runtime.channels.items()) if "download_bill" in one.supports()]

    def refuse_unless_comparable(self, channel: str, day: date) -> None:
        """
        Let nobody begin what cannot be done.

        Raises:
            BadRequest: the channel has no bills, or the day is not over.
        """
        if channel not in self._runtime.channels or channel not in self.channels():
            raise BadRequest(f"no channel {channel!r} with bills; there are {self.channels()}", code="unknown_channel")
        if day >= day_of(self._runtime.clock.now()):
            raise BadRequest(f"{day} is not over in Beijing", code="day_not_over")

    async def __call__(self, channel: str, day: date, *, again: bool = False) -> Comparing:
        """
        Compare a day, unless it has been: then its result comes back as it stands.

        Raises:
            BadRequest: the channel has no bills, or the day is not over.
        """
        self.refuse_unless_comparable(channel, day)
        now = self._runtime.clock.now()
        wanted = Reconciliation(
            channel=channel,
            day=day,
            status=ReconciliationStatus.RUNNING,
            started_at=now,
            lease_until=now + self._lease,
        )
        async with self._runtime.units() as unit:
            claimed = await unit.claim_reconciliation(wanted, again=again)
            await unit.commit()
        self._runtime.crash_point("reconcile.after_claim")
        if claimed:
            await self._compare(wanted)
        return replace(await self.read(channel, day), fresh=claimed)

    async def read(self, channel: str, day: date) -> Comparing:
        """Return a day as it stands, or say that nobody has compared it."""
        async with self._runtime.units() as unit:
            row = await unit.reconciliation(channel, day)
            differences = await unit.differences(channel, day)
        if row is None:
            raise UnknownReconciliation
        return Comparing(row, differences, fresh=False)

    async def latest(self, limit: int) -> list[Reconciliation]:
        """Return the latest days."""
        async with self._runtime.units() as unit:
            return await unit.list_reconciliations(limit=limit)

    async def _compare(self, row: Reconciliation) -> None:
        try:
            bill = await self._runtime.channel(row.channel).download_bill(row.day)
        except (ChannelUnavailable, ChannelOutcomeUnknown, ChannelRefused) as error:
            await self._save(replace(row, status=ReconciliationStatus.WAITING, reason=error.detail))
            return
        self._runtime.crash_point("reconcile.after_bill")
        comparison = Comparison(bill, fee_bp=self._router.traits(row.channel).fee_bp)
        differences: list[Difference] = []
        for kind in KINDS:
            differences += await self._books(row, kind, comparison)
        left, elsewhere = await self._rest(row, comparison)
        differences = _once_each([*differences, *left])
        looked_into = await self._looked_into(row, differences)
        done = replace(
            row,
            status=ReconciliationStatus.DONE,
            finished_at=self._runtime.clock.now(),
            bill_rows=comparison.bill_rows,
            book_rows=comparison.book_rows,
            elsewhere_rows=elsewhere,
        )
        await self._save(done, looked_into)

    async def _books(self, row: Reconciliation, kind: BillKind, comparison: Comparison) -> list[Difference]:
        """Send the books of the day past the bill."""
        found: list[Difference] = []
        after: BookCursor | None = None
        while True:
            async with self._runtime.units() as unit:
                page = await unit.booked(kind, row.channel, span=span_of(row.day), after=after, limit=PAGE_ROWS)
            found += comparison.take(page)
            await self._renew(row)
            if len(page) < PAGE_ROWS:
                return found
            after = (page[-1].at, page[-1].number)

    async def _rest(self, row: Reconciliation, comparison: Comparison) -> tuple[list[Difference], int]:
        """
        Judge what the books of the day do not have.

        One account may serve two channels here; rows of the other's orders are counted and are its own matter.
        """
        rest = comparison.rest()
        found: list[Difference] = []
        elsewhere = 0
        for kind in KINDS:
            rows = [one for one in rest if one.kind == kind]
            for at in range(0, len(rows), PAGE_ROWS):
                page = rows[at : at + PAGE_ROWS]
                known = await self._known(kind, page)
                for one in page:
                    here = known.get(one.number)
                    if here is not None and here.channel != row.channel:
                        elsewhere += 1
                    else:
                        found.append(judge_rest(one, here, row.day))
        return found, elsewhere

    async def _known(self, kind: BillKind, rows: Sequence[BillRow]) -> dict[str, Known]:
        async with self._runtime.units() as unit:
            return await unit.known(kind, [row.number for row in rows])

    async def _renew(self, row: Reconciliation) -> None:
        """Keep the day to ourselves for another while."""
        async with self._runtime.units() as unit:
            await unit.save_reconciliation(replace(row, lease_until=self._runtime.clock.now() + self._lease))
            await unit.commit()

    async def _looked_into(self, row: Reconciliation, differences: Sequence[Difference]) -> list[Difference]:
        asked = 0
        done: list[Difference] = []
        for difference in differences:
            if difference.kind not in ASKED_ABOUT:
                done.append(difference)
                continue
            asked += 1
            if asked > QUESTIONS_MAX:
                words = f"{difference.explanation}; not asked about, as {QUESTIONS_MAX} others were: look at the bill"
                done.append(replace(difference, explanation=words))
            else:
                done.append(await self._repair(difference))
                await self._renew(row)
        return done

    async def _save(self, row: Reconciliation, differences: Sequence[Difference] = ()) -> None:
        self._runtime.crash_point("reconcile.before_commit")
        away = {(one.row_kind, one.number) for one in differences if one.kind is DifferenceKind.OTHER_DAY}
        async with self._runtime.units() as unit:
            await unit.save_reconciliation(row)
            if row.status is ReconciliationStatus.DONE:
                await unit.put_differences(row.channel, row.day, differences)
            if away:
                await unit.explain_elsewhere(row.channel, row.day, away)
            await unit.commit()


def _once_each(differences: Sequence[Difference]) -> list[Difference]:
    """Let each kind of difference stand once for a number; its words say how often it was met."""
    kept: dict[tuple[str, str, str], Difference] = {}
    met: Counter[tuple[str, str, str]] = Counter()
    for one in differences:
        key = (one.kind.value, one.row_kind, one.number)
        met[key] += 1
        kept.setdefault(key, one)
    return [
        one if met[key] == 1 else replace(one, explanation=f"{one.explanation} ({met[key]} times)")
        for key, one in kept.items()
    ]


def is_settled(comparing: Comparing) -> bool:
    """Tell whether nothing of a day waits for anybody."""
    done = comparing.row.status is ReconciliationStatus.DONE
    return done and all(one.status is not DifferenceStatus.OPEN for one in comparing.differences)


@dataclass(frozen=True, slots=True)
class DailyRule:
    """
    When bills are compared: from *at_minute* of the Beijing day on, the days before it.

    Attributes:
        at_minute: minutes after midnight.
        days: how many days back are looked at, so that a day on which nothing ran is made up for.
        retry_s: how long a bill that was not there is waited for.
    """

    at_minute: int
    days: int = 3
    retry_s: float = 600.0

    def next_at(self, now: datetime) -> datetime:
        """Return the next time of day, today's or tomorrow's."""
        start, end = span_of(day_of(now))
        due = start + timedelta(minutes=self.at_minute)
        return due if due > now else end + timedelta(minutes=self.at_minute)

    def due_days(self, now: datetime) -> list[date]:
        """Return the days whose bills should be there by now, latest first."""
        today = day_of(now)
        start, _ = span_of(today)
        skipped = 0 if now >= start + timedelta(minutes=self.at_minute) else 1
        return [today - timedelta(days=back) for back in range(1 + skipped, self.days + 1)]
