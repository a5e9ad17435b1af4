"""
The HTTP client of the channels: connections that are kept, one deadline for a call, no cookies. Knows no vendor.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import aiohttp

CONNECTIONS_MAX = 256


def session(
    timeout_s: float, *, tls: ssl.SSLContext | None = None, headers: Mapping[str, str] | None = None
) -> aiohttp.ClientSession:
    """
    Open a pool of connections.

    Args:
        timeout_s: for all of a call, however slowly its answer drips.
        tls: whom to trust, if not whom the system trusts.
        headers: what every request says.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX, ssl=tls or True),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
    )
