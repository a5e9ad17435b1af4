"""
Which provider a request is for, by the host that it names; a clear refusal where there is none.

Asks no name server and opens no connection: a request is answered here or not at all.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from mock_providers.core.books.book import CASHIER_PATH
from mock_providers.core.wire.hosts import is_loopback
from mock_providers.front.hosts import vendor_of

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

MISDIRECTED, FORBIDDEN, BAD_GATEWAY, BAD_REQUEST = 421, 403, 502, 400
NEVER = "payproof answers for simulated payment providers and never connects to anybody else."


@dataclass(frozen=True, slots=True)
class Served:
    """
    A simulated provider as the front doors see it.

    Args:
        owns_path: finds it where the host says nothing, as in http://127.0.0.1/gateway.do.
    """

    answer: Answer
    owns_path: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a host is not served."""

    status: int
    text: str

    def response(self) -> web.Response:
        """For a client of HTTP; the connection ends with it."""
        response = web.Response(status=self.status, text=self.text + "\n")
        response.force_close()
        return response


def choose(host: str, served: Mapping[str, Served], *, stranger: int) -> str | Refusal:
    """
    Args:
        host: as the client wrote it, without a port.
        stranger: the status for a host that is no vendor's.

    Returns:
        The provider's name, or why there is none.
    """
    vendor = vendor_of(host)
    if vendor is None:
        return Refusal(stranger, f"{host or 'a request without a host'} is no host of a payment provider. {NEVER}")
    if vendor not in served:
        return Refusal(BAD_GATEWAY, f"{host} belongs to {vendor}, which is not simulated yet. {NEVER}")
    return vendor


class Router:
    """
    Hands requests to providers.

    Args:
        proxied: whether clients take this for a proxy.
    """

    def __init__(self, served: Mapping[str, Served], *, proxied: bool) -> None:
        self._served = served
        self._proxied = proxied

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer, or refuse and close."""
        chosen = self._chosen(request)
        if isinstance(chosen, Refusal):
            return chosen.response()
        return await chosen(request)

    def _chosen(self, request: web.BaseRequest) -> Answer | Refusal:
        if request.method == "CONNECT":
            return Refusal(BAD_REQUEST, f"a tunnel begins on a connection of its own, at the proxy. {NEVER}")
        try:
            target = urlsplit(_target(request))
            host, port = target.hostname or "", target.port
        except ValueError:
            return Refusal(BAD_REQUEST, f"the host cannot be read. {NEVER}")
        if self._proxied and port not in {None, 80}:
            return Refusal(FORBIDDEN, f"port {port} is closed; providers have 80 and 443. {NEVER}")
        chosen = choose(host, self._served, stranger=FORBIDDEN if self._proxied else MISDIRECTED)
        if isinstance(chosen, Refusal) and not self._proxied and is_loopback(host):
            chosen = self._by_path(target.path) or chosen
        return chosen if isinstance(chosen, Refusal) else self._served[chosen].answer

    def _by_path(self, path: str) -> str | None:
        if path.startswith(CASHIER_PATH):
            return next(iter(self._served), None)  # anybody shows everybody's pages
        return next((name for name, served in self._served.items() if served.owns_path(path)), None)


def _target(request: web.BaseRequest) -> str:
    """The whole address. Some clients write it out although they talk to no proxy; then it outweighs `Host`."""
    if request.raw_path.startswith("/"):
        return f"//{request.headers.get('Host', '')}{request.raw_path}"
    return request.raw_path
