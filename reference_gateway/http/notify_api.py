"""
Where channels bring their notifies: raw bytes in, the channel's own word out, and that only after the commit.

Facts: alipay/notify-transport, alipay/notify-ack
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

import structlog
from aiohttp import web

from reference_gateway.domain.accounts import WALLET
from reference_gateway.errors import BadRequest, NotifyRefused, StoreConflict, StoreUnavailable
from reference_gateway.http.bodies import read_body
from reference_gateway.service.orders.handle_notify import HandleNotify
from reference_gateway.service.runtime import Runtime

NOTIFY_BYTES_MAX = 64 * 1024

Network = IPv4Network | IPv6Network

_LOG = structlog.get_logger("reference_gateway.notify")


class NotifyApi:
    """POST /notify/<channel>."""

    def __init__(self, runtime: Runtime, handle: HandleNotify, *, networks: Sequence[Network] = ()) -> None:
        self._runtime = runtime
        self._handle = handle
        self._networks = networks

    def routes(self) -> list[web.RouteDef]:
        names = [name for name in self._runtime.channels if name != WALLET]
        return [web.post(f"/notify/{name}", self.notify, name=f"notify-{name}") for name in names]

    async def notify(self, request: web.Request) -> web.Response:
        name = request.path.rpartition("/")[2]
        reply = self._runtime.channel(name).reply
        if not self._is_allowed(request.remote):
            _LOG.warning("notify_from_elsewhere", channel=name, remote=request.remote)
            return web.Response(body=reply.refused, status=403, content_type=reply.content_type)
        try:
            body = await read_body(request, bytes_max=NOTIFY_BYTES_MAX)
            with self._runtime.pressure.settling():
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

    def _is_allowed(self, remote: str | None) -> bool:
        """Tell whether notifies are taken from there; a signature is still wanted from everybody."""
        if not self._networks:
            return True
        return remote is not None and any(ip_address(remote) in network for network in self._networks)
