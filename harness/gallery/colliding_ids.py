"""
"The second is unique enough": events are called after the moment at which they happened.
"""

from dataclasses import replace

import orjson

from harness.gallery.around import AroundSender
from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.domain.records import OutboxRow


class Around(AroundSender):
    """Two events of one second have one id."""

    async def send(self, app: App, event: OutboxRow) -> bool:
        body = orjson.loads(event.payload)
        body["event_id"] = f"ev_{event.created_at:%Y%m%d%H%M%S}"
        return await super().send(app, replace(event, payload=orjson.dumps(body)))


MUTANT = Mutant(
    id="colliding-ids",
    bug="tells the platform of two payments under one event id, and the second is taken for a repetition",
    parts=lambda: {"around_sender": Around},
    must_be_convicted_by=("notify/platform-events-distinct",),
    tried_in=("many-buyers",),
)
