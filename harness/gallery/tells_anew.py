"""
"Every delivery is an event": a webhook that is sent again carries a fresh event id, so the platform delivers twice.
"""

import itertools
from dataclasses import replace

import orjson

from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.clock import SystemClock
from reference_gateway.domain.records import OutboxRow
from reference_gateway.webhooks import HttpWebhookSender


class TellsAnew(HttpWebhookSender):
    """Right until the platform's answer is lost, or is a 500."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self._delivery = itertools.count(1)

    async def send(self, app: App, event: OutboxRow) -> bool:
        body = orjson.loads(event.payload)
        body["event_id"] = f"{event.event_id}-{next(self._delivery)}"
        return await super().send(app, replace(event, payload=orjson.dumps(body)))


MUTANT = Mutant(
    id="tells-anew",
    bug="sends a webhook that was refused again as another event",
    parts=lambda: {"webhook_sender": TellsAnew()},
    must_be_convicted_by=("idempotency/platform-event-repeats", "notify/platform-told-once"),
    tried_in=("platform-down",),
)
