"""
"It is as good as paid": an order counts as paid once its buyer has been seen, and the credit comes with the notify.
"""

from functools import partial

from harness.gallery.around import AroundStore
from harness.gallery.forgets_the_credit import Around as Uncredited
from harness.gallery.mutant import Mutant
from harness.gallery.waiting_is_paid import Around as Hasty

MUTANT = Mutant(
    id="marks-paid-on-scanning",
    bug="calls an order paid while its buyer is still typing the password",
    parts=lambda: {"around_channels": Hasty, "around_store": partial(AroundStore, unit=Uncredited)},
    must_be_convicted_by=(
        "state/books-agree",
        "state/failed-attempt-unpaid",
    ),
    tried_in=("failed-attempts",),
)
