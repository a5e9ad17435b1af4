"""
The worker that compares bills at its time of day, and makes up for the days on which nothing ran.

What is compared, and that it happens once, stands in the use case and the store.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from reference_gateway.domain.due import NextDue
from reference_gateway.domain.reconciliation import ReconciliationStatus
from reference_gateway.service.reconciling.reconcile import Comparing, DailyRule, Reconcile
from reference_gateway.service.runtime import Bell, Runtime
from reference_gateway.service.workers import Worker

_LOG = structlog.get_logger("reference_gateway.reconciler")


class Reconciler:
    """Rounds of the worker; it remembers only when it wants to look again."""

    def __init__(self, runtime: Runtime, reconcile: Reconcile, rule: DailyRule) -> None:
        self._runtime = runtime
        self._reconcile = reconcile
        self._rule = rule
        self._next_at: datetime | None = None

    def worker(self) -> Worker:
        """Make the worker."""
        return Worker("reconciler", self._runtime, bell=Bell(), round_=self.round, due=self._due)

    async def round(self) -> bool:
        """Compare every day that is due and has not been; say when to come back."""
        now = self._runtime.clock.now()
        waiting = False
        for day in self._rule.due_days(now):
            for channel in self._reconcile.channels():
                done = await self._reconcile(channel, day)
                waiting = waiting or done.row.status is not ReconciliationStatus.DONE
                _report(done)
        later = self._rule.next_at(now)
        self._next_at = min(later, now + timedelta(seconds=self._rule.retry_s)) if waiting else later
        return False

    def _due(self, due: NextDue) -> datetime | None:
        del due
        return self._next_at


def _report(done: Comparing) -> None:
    if done.fresh:
        _LOG.info(
            "bill_compared",
            channel=done.row.channel,
            day=done.row.day.isoformat(),
            status=done.row.status.value,
            bill_rows=done.row.bill_rows,
            differences=len(done.differences),
            reason=done.row.reason,
        )
