"""
One request to Alipay over HTTP: sent once, followed nowhere, its failures told apart by what may have been done.

Facts: alipay/unknown-outcome
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from yarl import URL

from reference_gateway.channels.sessions import session
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back, untouched; header names are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AlipayHttp:
    """The pool of connections to Alipay."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        self._session = session(self._timeout_s)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, method: str, url: URL, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> HttpReply:
        """
        Send one request.

        Raises:
            ChannelUnavailable: no connection, so nothing was asked.
            ChannelOutcomeUnknown: the request may have arrived.
        """
        if self._session is None:
            raise ChannelUnavailable("the channel is not started")
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return HttpReply(response.status, response.headers, await response.read())
        except aiohttp.ClientConnectorError as error:
            raise ChannelUnavailable("no connection to the channel") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ChannelOutcomeUnknown(f"the call broke off: {type(error).__name__}") from error
