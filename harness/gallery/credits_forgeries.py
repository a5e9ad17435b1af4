"""
"It has a sign field, so it is signed": whatever looks like a notify is credited, each time.
"""

from harness.gallery.believes_unsigned_notifies import believe
from harness.gallery.credits_every_notify import CreditsEveryNotify
from harness.gallery.mutant import Mutant

MUTANT = Mutant(
    id="credits-forgeries",
    bug="credits the buyer on every notify that it gets, whoever made it",
    parts=lambda: {"notify_verifier": believe, "notice_policy": CreditsEveryNotify()},
    must_be_convicted_by=(
        "signature/forged-never-credited",
        "signature/forged-never-acked",
    ),
    tried_in=("forged",),
)
