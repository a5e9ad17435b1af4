"""
"In order": nothing is told while something older has not been taken.
"""

from harness.gallery.around import AroundSender
from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.domain.records import OutboxRow
from reference_gateway.webhooks import WebhookSender


class Around(AroundSender):
    """Whoever was refused first stands in front of all others."""

    def __init__(self, inner: WebhookSender) -> None:
        super().__init__(inner)
        self._first = ""

    async def send(self, app: App, event: OutboxRow) -> bool:
        if self._first not in {"", event.event_id}:
            return False
        taken = await super().send(app, event)
        self._first = "" if taken else event.event_id
        return taken


MUTANT = Mutant(
    id="tells-in-line",
    bug="keeps all news back as long as the platform refuses one of them",
    parts=lambda: {"around_sender": Around},
    must_be_convicted_by=("notify/platform-one-not-all",),
    tried_in=("one-refused",),
)
