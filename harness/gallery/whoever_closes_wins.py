"""
"Closed is closed": the provider is not asked, and what comes of the order later is acknowledged and forgotten.
"""

from harness.gallery.closes_without_asking import Around
from harness.gallery.late_money_is_nobodys import Policy
from harness.gallery.mutant import Mutant

MUTANT = Mutant(
    id="whoever-closes-wins",
    bug="closes an order without asking, and drops the payment that was on its way",
    parts=lambda: {"around_channels": Around, "notice_policy": Policy()},
    must_be_convicted_by=("close/paid-at-once", "close/notify-after"),
    tried_in=("close-at-once", "close-notify-after"),
)
