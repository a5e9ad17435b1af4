"""
The door that merchants and channels come in by: a port at which a crowd of new connections is taken up at once.

libuv takes up one connection in each turn of the loop. Under load a turn lasts tens of milliseconds, so callers, the
channels' notifies among them, would wait for many seconds in the kernel, where nobody sees them and nobody can turn
them away. So several listeners share the one socket, and each takes up one in each turn.
"""

from __future__ import annotations

import socket

from aiohttp import web

TAKEN_UP_AT_ONCE = 16
CALLERS_MAX = 4096
"""
Connections that wait to be taken up. Whoever finds no room among them hears nothing, not even a refusal, and asks again
after one second, after three, after seven.
"""


async def open_door(runner: web.BaseRunner, host: str, port: int, *, reuse_port: bool) -> None:
    """
    Let *runner* listen.

    Args:
        port: 0 for any that is free.
        reuse_port: other processes may listen there too.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=CALLERS_MAX, reuse_port=reuse_port) as door:
        for _ in range(TAKEN_UP_AT_ONCE):
            await web.SockSite(runner, door.dup(), backlog=CALLERS_MAX).start()
