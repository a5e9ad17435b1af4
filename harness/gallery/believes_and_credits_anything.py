"""
"It says how much": neither the signature nor the amount of a notify is looked at.
"""

from harness.gallery.believes_unsigned_notifies import believe
from harness.gallery.credits_notified_amount import CreditsNotifiedAmount
from harness.gallery.mutant import Mutant

MUTANT = Mutant(
    id="believes-and-credits-anything",
    bug="credits what a notify says, whoever wrote it",
    parts=lambda: {"notify_verifier": believe, "notice_policy": CreditsNotifiedAmount()},
    must_be_convicted_by=("security/cheap-order-trick",),
    tried_in=("cheap-order-trick",),
)
