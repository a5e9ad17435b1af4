"""
Carries the bytes of a notify to a merchant's address and brings its answer back; knows neither ladders nor faults.
"""

import asyncio
from functools import lru_cache

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from mock_providers.core.clock import Clock
from mock_providers.core.provider import OutgoingNotify
from mock_providers.core.wire.journal import Headers, RawResponse

_ANSWER_KEPT_BYTES = 65_536
_CONNECTIONS = 256
# Whoever reads slowly takes so little at a time, and leaves the rest where the merchant has to keep it.
_SIP_BYTES = 64
_SIPS = 20


class Postman:
    """
    Sends; so many deliveries at once, the others wait their turn.

    Args:
        keep_alive_s: a connection may be used again within this time; 0 hangs up after each delivery.
    """

    def __init__(self, stamp: Clock, *, keep_alive_s: float = 0.0) -> None:
        self._stamp = stamp
        self._keep_alive_s = keep_alive_s
        self._session: ClientSession | None = None
        self._lanes = asyncio.Semaphore(_CONNECTIONS)

    def start(self) -> None:
        """
        Get ready to send; no proxy, no cookies, no redirects.

        A connection serves one delivery, unless somebody wants it otherwise: a kept one may be closed by the merchant
        at any moment, which would be a fault that nobody ordered. How many there are at once is not the connector's
        business, for waiting there would count as the merchant's silence.

        Facts: alipay/notify-transport
        """
        self._lanes = asyncio.Semaphore(_CONNECTIONS)
        connector = (
            TCPConnector(limit=0, keepalive_timeout=self._keep_alive_s)
            if self._keep_alive_s
            else TCPConnector(limit=0, force_close=True)
        )
        self._session = ClientSession(connector=connector, trust_env=False, cookie_jar=DummyCookieJar())

    async def stop(self) -> None:
        """Send no more."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(
        self, url: str, outgoing: OutgoingNotify, *, timeout_s: float, read_slowly_s: float = 0.0
    ) -> tuple[RawResponse | None, str | None]:
        """
        Send, and wait for the answer.

        Args:
            timeout_s: the merchant's time; our own slowness comes on top.
            read_slowly_s: how long we take to read the answer, in the stamp clock's time.

        Returns:
            The answer, or None and what went wrong.
        """
        target = _http_url(url)
        if target is None:
            return None, "notify_url is no http or https address"
        async with self._lanes:
            if self._session is None:
                return None, "the simulator is stopping"
            try:
                async with self._session.request(
                    outgoing.method,
                    target,
                    data=outgoing.body,
                    headers=outgoing.headers,
                    allow_redirects=False,
                    timeout=_within(timeout_s + read_slowly_s),
                    read_bufsize=_SIP_BYTES if read_slowly_s > 0 else 2**16,
                ) as answer:
                    body = await self._read(answer, slowly_s=read_slowly_s)
                    return RawResponse(answer.status, _read_headers(answer.raw_headers), body), None
            except TimeoutError:
                return None, f"no answer within {timeout_s:g} s"
            except (ClientError, OSError, ValueError) as problem:
                return None, f"{type(problem).__name__}: {problem}"

    async def _read(self, answer: ClientResponse, *, slowly_s: float) -> bytes:
        """As much of the answer as is worth keeping; what follows cannot be an acknowledgement."""
        kept = bytearray()
        if slowly_s > 0:
            for _ in range(_SIPS):
                await self._stamp.sleep(slowly_s / _SIPS)
                if not answer.content.at_eof():
                    kept += await answer.content.read(_SIP_BYTES)
        while len(kept) < _ANSWER_KEPT_BYTES and (chunk := await answer.content.readany()):
            kept += chunk
        return bytes(kept[:_ANSWER_KEPT_BYTES])


_within = lru_cache(maxsize=64)(ClientTimeout)


@lru_cache(maxsize=256)
def _read_headers(raw: tuple[tuple[bytes, bytes], ...]) -> Headers:
    """Kept, because a merchant's program writes the same headers for as long as the second lasts."""
    return tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw])


@lru_cache(maxsize=256)
def _http_url(url: str) -> URL | None:
    """What a merchant gave as its address, byte for byte; None when it is none. Most notifies go to the same few."""
    try:
        target = URL(url, encoded=True)
        usable = target.scheme in {"http", "https"} and bool(target.host and target.port)
    except (ValueError, IndexError):  # the latter is yarl's answer to brackets in odd places
        return None
    return target if usable else None
