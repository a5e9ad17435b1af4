"""
"The load balancer will try again": a full house is answered as if something had broken.
"""

from aiohttp import web
from aiohttp.typedefs import Handler

from harness.gallery.mutant import Mutant
from reference_gateway.errors import TooBusy


@web.middleware
async def _breaks(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TooBusy:
        return web.Response(status=500)


MUTANT = Mutant(
    id="busy-is-an-error",
    bug="answers orders under pressure with a server error, of which nobody knows what it means",
    parts=lambda: {"middlewares": [_breaks]},
    must_be_convicted_by=("spike/no-server-error",),
    tried_in=("spike-burst",),
)
