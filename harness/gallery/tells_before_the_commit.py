"""
"Events first": the news of a payment is written, and told, before the payment is.
"""

from collections.abc import Sequence

from harness.gallery.around import AroundStore, AroundUnit
from harness.gallery.mutant import Mutant
from reference_gateway.domain.records import OutboxRow
from reference_gateway.service.unit_of_work import UnitOfWorkFactory


def _around(inner: UnitOfWorkFactory) -> AroundStore:
    class Around(AroundUnit):
        """The outbox has transactions of its own, which a crash of the other one does not undo."""

        async def add_outbox(self, rows: Sequence[OutboxRow]) -> None:
            async with inner() as unit:
                await unit.add_outbox(rows)
                await unit.commit()

    return AroundStore(inner, Around)


MUTANT = Mutant(
    id="tells-before-the-commit",
    bug="tells the platform of a payment that a crash then undoes, and of the same one again after it",
    parts=lambda: {"around_store": _around},
    must_be_convicted_by=("crash/around-the-notify", "notify/platform-told-once"),
    tried_in=("killed-around-the-notify",),
)
