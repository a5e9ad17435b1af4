"""
"To be sure": every event is sent twice, under two ids.
"""

from dataclasses import replace

import orjson

from harness.gallery.around import AroundSender
from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.domain.records import OutboxRow


class Around(AroundSender):
    """The platform hears of everything twice."""

    async def send(self, app: App, event: OutboxRow) -> bool:
        body = orjson.loads(event.payload)
        body["event_id"] = f"{event.event_id}-bis"
        await super().send(app, replace(event, payload=orjson.dumps(body)))
        return await super().send(app, event)


MUTANT = Mutant(
    id="tells-twice",
    bug="tells the platform of each payment under two event ids",
    parts=lambda: {"around_sender": Around},
    must_be_convicted_by=("notify/platform-told-once",),
    tried_in=("plain",),
)
