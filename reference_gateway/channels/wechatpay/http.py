"""
One request to WeChat Pay over HTTP, and to the backup host where the first cannot be spoken to.

A request is sent as it was signed; every call of this vendor is safe to repeat under its own number, so a torn
connection may be answered by the other host. Knows nothing of signatures.

Facts: wechatpay/hosts, wechatpay/request-headers, wechatpay/chaos
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from reference_gateway.channels.sessions import session
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable

ANSWER_BYTES_MAX = 1 << 20
USER_AGENT = "payproof-reference-gateway"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back, untouched; header names are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WechatHttp:
    """
    The pool of connections to WeChat Pay.

    Args:
        hosts: scheme and authority, the backup after the first.
        tls: whom to trust, and our client certificate where the API asks for one.
    """

    def __init__(self, hosts: tuple[str, ...], *, timeout_s: float, tls: ssl.SSLContext | None = None) -> None:
        self.hosts = tuple(host.rstrip("/") for host in hosts if host)
        self._timeout_s = timeout_s
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        self._session = session(self._timeout_s, tls=self._tls, headers=headers)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> HttpReply:
        """
        Send one request, to the backup host if the first cannot be reached or hangs up.

        Args:
            target: path and query, exactly as they were signed.

        Raises:
            ChannelUnavailable: no connection to any host, so nothing was asked.
            ChannelOutcomeUnknown: the request may have arrived.
        """
        asked = False
        for host in self.hosts:
            url = URL(f"{host}{target}", encoded=True)
            try:
                return await self._once(method, url, headers=headers, body=body, bytes_max=bytes_max)
            except aiohttp.ClientConnectorError as error:
                cause: Exception = error
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                asked, cause = True, error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise ChannelOutcomeUnknown(f"the call broke off: {type(error).__name__}") from error
        if asked:
            raise ChannelOutcomeUnknown(f"the call broke off: {type(cause).__name__}") from cause
        raise ChannelUnavailable("no connection to the channel") from cause

    async def _once(
        self, method: str, url: URL, *, headers: Mapping[str, str], body: bytes, bytes_max: int
    ) -> HttpReply:
        if self._session is None:
            raise ChannelUnavailable("the channel is not started")
        async with self._session.request(
            method, url, data=body or None, headers=headers, allow_redirects=False
        ) as response:
            read = bytearray()
            async for chunk in response.content.iter_any():
                read += chunk
                if len(read) > bytes_max:
                    raise ChannelOutcomeUnknown(f"the answer has more than {bytes_max} bytes")
            return HttpReply(response.status, response.headers, bytes(read))
