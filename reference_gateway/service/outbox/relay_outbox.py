"""
Relay the outbox: every event reaches its app at least once, under one event id.

Events are claimed by lease, skipping what another gateway holds; done with only after the app took them. A crash
between the two sends again, which the app recognises by the event id.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from reference_gateway.domain.records import OutboxRow
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.workers import Worker

RELAY_MAX = 256


class RelayOutbox:
    """One round of the relay."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def __call__(self) -> bool:
        """Deliver what is due; True when there may be more."""
        now = self._runtime.clock.now()
        bite = self._runtime.spread.bite(RELAY_MAX)
        async with self._runtime.units() as unit:
            claimed = await unit.claim_outbox(now, lease_until=self._runtime.lease_until(now), limit=bite)
            if not claimed:
                return False
            await unit.commit()
        self._runtime.crash_point("relay.after_claim")
        taken = await asyncio.gather(*(self._send(event) for event in claimed))
        await self._write_down(list(zip(claimed, taken, strict=True)))
        self._runtime.crash_point("relay.after_commit")
        return len(claimed) == bite

    async def _send(self, event: OutboxRow) -> bool:
        app = self._runtime.apps.get(event.app_id)
        if app is None:
            return False
        self._runtime.crash_point("relay.before_send")
        taken = await self._runtime.webhooks.send(app, event)
        self._runtime.crash_point("relay.after_send")
        return taken

    async def _write_down(self, results: list[tuple[OutboxRow, bool]]) -> None:
        now = self._runtime.clock.now()
        sent = sorted(event.event_id for event, taken in results if taken)
        self._runtime.metrics.sent("webhook", len(sent))
        later: dict[str, datetime] = {
            event.event_id: self._runtime.rules.webhook_at(now, event.attempts) for event, taken in results if not taken
        }
        async with self._runtime.units() as unit:
            await unit.finish_outbox(sent, later)
            await unit.commit()


def relay(runtime: Runtime) -> Worker:
    """Make the worker that empties the outbox."""
    return Worker("relay", runtime, bell=runtime.outbox_bell, round_=RelayOutbox(runtime), due=lambda due: due.outbox)
