"""
Where channels bring their notifies: raw bytes in, the channel's own word out, and that only after the commit.

Facts: alipay/notify-transport, alipay/notify-ack
"""

from __future__ import annotations

import structlog
from aiohttp import web

from reference_gateway.domain.accounts import WALLET
from reference_gateway.errors import BadRequest, NotifyRefused, StoreConflict, StoreUnavailable
from reference_gateway.http.bodies import read_body
from reference_gateway.service.handle_notify import HandleNotify
from reference_gateway.service.runtime import Runtime

NOTIFY_BYTES_MAX = 64 * 1024

_LOG = structlog.get_logger("reference_gateway.notify")


class NotifyApi:
    """POST /notify/<channel>."""

    def __init__(self, runtime: Runtime, handle: HandleNotify) -> None:
        self._runtime = runtime
        self._handle = handle

    def routes(self) -> list[web.RouteDef]:
        names = [name for name in self._runtime.channels if name != WALLET]
        return [web.post(f"/notify/{name}", self.notify, name=f"notify-{name}") for name in names]

    async def notify(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        reply = self._runtime.channel(name).reply
        try:
            body = await read_body(request, bytes_max=NOTIFY_BYTES_MAX)
            await self._handle(name, request.headers, body)
        except NotifyRefused as error:
            _LOG.warning("notify_refused", channel=name, reason=error.reason)
            return web.Response(body=reply.refused, status=400, content_type=reply.content_type)
        except BadRequest as error:
            _LOG.warning("notify_unreadable", channel=name, reason=error.reason)
            return web.Response(body=reply.refused, status=413, content_type=reply.content_type)
        except (StoreUnavailable, StoreConflict) as error:
            _LOG.warning("notify_not_stored", channel=name, reason=error.reason)
            return web.Response(body=reply.refused, status=503, content_type=reply.content_type)
        return web.Response(body=reply.accepted, content_type=reply.content_type)
