"""
"Nobody else knows that address": whoever names an app is let in as that app, whatever stands below the request.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from harness.gallery.around import doorkeeper, plant, within
from harness.gallery.mutant import Mutant


@web.middleware
async def _open_door(request: web.Request, handler: Handler) -> web.StreamResponse:
    keeper = doorkeeper(request)
    if keeper is not None:

        async def admit(asked: web.Request, body: bytes) -> object:
            del body
            return within(keeper, "_apps")[asked.headers["X-App-Id"]]

        plant(keeper, "admit", admit)
    return await handler(request)


MUTANT = Mutant(
    id="asks-for-no-signature",
    bug="opens orders for requests that nobody signed",
    parts=lambda: {"middlewares": [_open_door]},
    must_be_convicted_by=("security/unsigned-request",),
    tried_in=("unsigned-request",),
)
