"""
"It only has to be there": a nonce is signed, and nobody remembers it.
"""

from harness.gallery.mutant import Mutant


class Forgotten:
    """Every nonce is new."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def spend(self, app_id: str, nonce: str, *, durable: bool) -> bool:
        del app_id, nonce, durable
        return True


MUTANT = Mutant(
    id="nonces-are-decoration",
    bug="takes a merchant's request under a nonce that was used before",
    parts=lambda: {"nonces": Forgotten()},
    must_be_convicted_by=("security/request-again",),
    tried_in=("request-again",),
)
