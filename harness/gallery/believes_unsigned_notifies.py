"""
"The notify URL is secret anyway": the signature is read and never checked.
"""

from harness.gallery.mutant import Mutant


def believe(text: bytes, signature: bytes) -> None:
    """
    Whatever the signature, it will do.
    """
    del text, signature


MUTANT = Mutant(
    id="believes-unsigned-notifies",
    bug="acts on a notify without checking its signature",
    parts=lambda: {"notify_verifier": believe},
    must_be_convicted_by=("signature/forged-never-acked",),
    tried_in=("forged",),
)
