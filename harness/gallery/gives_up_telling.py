"""
"Three times is enough": a platform that is down for longer never hears of the payment.
"""

from collections import Counter

from harness.gallery.around import AroundSender
from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.domain.records import OutboxRow
from reference_gateway.webhooks import WebhookSender

TIMES_MAX = 3


class Around(AroundSender):
    """After some refusals an event counts as taken."""

    def __init__(self, inner: WebhookSender) -> None:
        super().__init__(inner)
        self._refused: Counter[str] = Counter()

    async def send(self, app: App, event: OutboxRow) -> bool:
        taken = await super().send(app, event)
        self._refused[event.event_id] += not taken
        return taken or self._refused[event.event_id] >= TIMES_MAX


MUTANT = Mutant(
    id="gives-up-telling",
    bug="stops telling the platform of a payment after three refusals",
    parts=lambda: {"around_sender": Around},
    must_be_convicted_by=("notify/platform-long-down",),
    tried_in=("platform-long-down",),
)
