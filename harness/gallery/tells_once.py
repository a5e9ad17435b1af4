"""
"We told them": a webhook counts as delivered whatever the platform answers.
"""

from harness.gallery.around import AroundSender
from harness.gallery.mutant import Mutant
from reference_gateway.apps import App
from reference_gateway.domain.records import OutboxRow


class Around(AroundSender):
    """The platform's refusal is not heard."""

    async def send(self, app: App, event: OutboxRow) -> bool:
        await super().send(app, event)
        return True


MUTANT = Mutant(
    id="tells-once",
    bug="never tells the platform again what it did not take",
    parts=lambda: {"around_sender": Around},
    must_be_convicted_by=(
        "notify/platform-told-again",
        "spike/platform-told",
        "crash/platform-still-told",
    ),
    tried_in=("spike-platform-told", "killed-platform-still-told"),
)
