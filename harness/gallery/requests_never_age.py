"""
"Their clock is theirs": the moment of a merchant's request is signed, and not looked at.
"""

from datetime import UTC, datetime

from aiohttp import web
from aiohttp.typedefs import Handler

from harness.gallery.around import doorkeeper, plant
from harness.gallery.mutant import Mutant


class Then:
    """Whenever it was written, it is that time now."""

    def __init__(self, stamp: str) -> None:
        self._stamp = stamp

    def now(self) -> datetime:
        return datetime.fromtimestamp(int(self._stamp or "0"), UTC)


@web.middleware
async def _patient(request: web.Request, handler: Handler) -> web.StreamResponse:
    keeper = doorkeeper(request)
    if keeper is not None:
        plant(keeper, "_clock", Then(request.headers.get("X-Timestamp", "")))
    return await handler(request)


MUTANT = Mutant(
    id="requests-never-age",
    bug="takes a merchant's request however old it is",
    parts=lambda: {"middlewares": [_patient]},
    must_be_convicted_by=("security/old-request",),
    tried_in=("old-request",),
)
