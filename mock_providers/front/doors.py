"""
The listeners: TLS on a port of its own, the proxy, and the vendors' own ports 80 and 443 where that is allowed.

Starts and stops them, and says where they are. Which host is whose, and what is answered, is decided elsewhere.
"""

import asyncio
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from mock_providers.core.clock import Clock
from mock_providers.core.wire.server import Sharing, http_runner, url_of
from mock_providers.front.files import TlsFiles
from mock_providers.front.hosts import VENDORS, vendor_of
from mock_providers.front.proxy import ProxyConnection, ProxyDoor
from mock_providers.front.router import Router, Served

_BACKLOG = 1024
_HTTP, _HTTPS = 80, 443


@dataclass(frozen=True, slots=True)
class FrontPlan:
    """
    What is to be open.

    Args:
        tls_port: None keeps it shut, 0 takes a free one.
        proxy_port: the same for the proxy.
        vendor_ports: with TLS, listen on 80 and 443 as well, if the system lets us.
    """

    host: str
    tls_port: int | None
    proxy_port: int | None
    vendor_ports: bool
    credentials_dir: Path

    @property
    def shut(self) -> bool:
        """Whether nothing is to be open."""
        return self.tls_port is None and self.proxy_port is None


class FrontDoors:
    """
    The doors of one simulator. Addresses are known after `start`, and None while a door is shut.
    """

    def __init__(
        self, plan: FrontPlan, served: Mapping[str, Served], *, clock: Clock, sharing: Sharing | None = None
    ) -> None:
        self._plan = plan
        self._sharing = sharing
        # An address is shared, or it is ours alone.
        self._reuse = sharing is not None or None
        self._served = served
        self._clock = clock
        self._runners: list[web.ServerRunner] = []
        self._proxy: ProxyDoor | None = None
        self._proxy_server: asyncio.Server | None = None
        self.files: TlsFiles | None = None
        self.tls_url: str | None = None
        self.proxy_url: str | None = None
        self.vendor_urls: tuple[str, ...] = ()
        self._shut: list[str] = []

    @property
    def ca_file(self) -> Path | None:
        """What clients must trust."""
        return self.files.ca_file.absolute() if self.files is not None else None

    @property
    def notice(self) -> str | None:
        """Which of the vendors' own ports stay shut, and the ways that remain."""
        if not self._shut:
            return None
        ways = [f"TLS at {self.tls_url}", *([f"the proxy at {self.proxy_url}"] if self.proxy_url else [])]
        return (
            f"ports that stay shut: {', '.join(self._shut)}. What remains: {', '.join(ways)}, and plain HTTP on each "
            "provider's own port. CAP_NET_BIND_SERVICE, or sysctl net.ipv4.ip_unprivileged_port_start=80, opens them."
        )

    def as_json(self) -> dict[str, object]:
        """The addresses, for the ready line and the control API."""
        ca_file = self.ca_file
        return {
            "tls_url": self.tls_url,
            "proxy_url": self.proxy_url,
            "ca_file": str(ca_file) if ca_file is not None else None,
            "vendor_urls": list(self.vendor_urls),
            "notice": self.notice,
        }

    async def start(self) -> None:
        """
        Open what the plan says.

        Raises:
            OSError: the port of a door is taken; that of a vendor's own port is a notice only.
        """
        if self._plan.shut:
            return
        from mock_providers.front.store import ensure_tls  # noqa: PLC0415  certificates cost start-up; few runs need any

        self.files = ensure_tls(self._plan.credentials_dir, now=self._clock.now())
        contexts = {vendor: self._context(self.files, vendor) for vendor in self._served}
        if self._plan.tls_port is not None:
            await self._open_tls(self._plan.tls_port, self._by_name(self.files))
        if self._plan.proxy_port is not None:
            await self._open_proxy(self._plan.proxy_port, contexts)

    async def stop(self) -> None:
        """Answer what is in hand, then close; safe to call twice."""
        if self._proxy_server is not None:
            self._proxy_server.close()
            self._proxy_server = None
        if self._proxy is not None:
            self._proxy.close()
            self._proxy = None
        while self._runners:
            await self._runners.pop().cleanup()

    async def _runner(self, router: Router, door: str) -> web.ServerRunner:
        runner = http_runner(router.handle, door=door, sharing=self._sharing)
        self._runners.append(runner)
        await runner.setup()
        return runner

    def _context(self, files: TlsFiles, vendor: str) -> ssl.SSLContext:
        return _context(files.server_file(vendor), self._client_certificates(vendor))

    def _client_certificates(self, vendor: str) -> list[Path]:
        """What a vendor's merchants show, by the name that such files have in its credentials."""
        return sorted((self._plan.credentials_dir / vendor).glob("*client_cert.pem"))

    def _by_name(self, files: TlsFiles) -> ssl.SSLContext:
        """
        One context that becomes the asked vendor's as soon as the client has said a name.

        Whether a client is asked for a certificate is settled before that, so all vendors' are welcome at first.
        """
        contexts = {vendor: self._context(files, vendor) for vendor in VENDORS}
        every = [one for vendor in VENDORS for one in self._client_certificates(vendor)]
        first = _context(files.server_file(next(iter(contexts))), every)

        def pick(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            # A stranger's name gets a certificate that does not fit: that tells more than an alert.
            vendor = vendor_of(name) if name else None
            if vendor is not None:
                connection.context = contexts[vendor]

        first.sni_callback = pick
        return first

    async def _open_tls(self, port: int, context: ssl.SSLContext) -> None:
        runner = await self._runner(Router(self._served, proxied=False), "tls")
        await self._site(runner, port, context).start()
        self.tls_url = url_of(runner).replace("http:", "https:", 1)
        if self._plan.vendor_ports:
            for scheme, number, given in (("https", _HTTPS, context), ("http", _HTTP, None)):
                await self._try(scheme, number, self._site(runner, number, given))

    def _site(self, runner: web.ServerRunner, port: int, context: ssl.SSLContext | None) -> web.TCPSite:
        host = self._plan.host
        return web.TCPSite(runner, host, port, ssl_context=context, backlog=_BACKLOG, reuse_port=self._reuse)

    async def _try(self, scheme: str, number: int, site: web.TCPSite) -> None:
        try:
            await site.start()
        except OSError as problem:
            await site.stop()
            self._shut.append(f"{number} ({_reason(problem)})")
        else:
            self.vendor_urls += (f"{scheme}://{self._plan.host}",)

    async def _open_proxy(self, port: int, contexts: Mapping[str, ssl.SSLContext]) -> None:
        runner = await self._runner(Router(self._served, proxied=True), "proxy")
        http = runner.server
        assert http is not None
        self._proxy = door = ProxyDoor(self._served, contexts, http)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: ProxyConnection(door), self._plan.host, port, backlog=_BACKLOG, reuse_port=self._reuse
        )
        self._proxy_server = server
        host, bound = server.sockets[0].getsockname()[:2]
        self.proxy_url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"


def _reason(problem: OSError) -> str:
    """The system's own words; the loop's are longer and say the same."""
    return os.strerror(problem.errno).lower() if problem.errno else str(problem)


def _context(file: Path, welcome: Sequence[Path]) -> ssl.SSLContext:
    """
    Args:
        welcome: certificates that clients may show. Others end the handshake, and none at all is fine.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(file)
    if welcome:
        # They are trusted as they stand, whoever signed them.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_mode = ssl.CERT_OPTIONAL
        for one in welcome:
            context.load_verify_locations(one)
    return context
