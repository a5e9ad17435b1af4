"""
"The platform wants yuan": the amount in the webhook is divided by a hundred.
"""

from dataclasses import replace

import orjson

from harness.gallery.around import AroundSender
from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.domain.records import OutboxRow


class Around(AroundSender):
    """Amounts are told in another unit."""

    async def send(self, app: App, event: OutboxRow) -> bool:
        body = orjson.loads(event.payload)
        body["data"]["amount_fen"] = body["data"]["amount_fen"] // 100
        return await super().send(app, replace(event, payload=orjson.dumps(body)))


MUTANT = Mutant(
    id="tells-in-yuan",
    bug="tells the platform another amount than was paid",
    parts=lambda: {"around_sender": Around},
    must_be_convicted_by=("notify/platform-told-amount",),
    tried_in=("plain",),
)
