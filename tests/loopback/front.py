"""
A sandbox with its front doors open, and the ways in which clients come to them.
"""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import AF_INET, AddressFamily
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.loopback.sandbox import Sandbox, sandbox

HOST = "openapi.alipay.com"
GATEWAY = f"https://{HOST}/gateway.do"
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def on(loop: str, work: Coroutine[Any, Any, Any]) -> Any:
    """
    Run *work* on that kind of loop; whatever its callbacks fail with fails the test.
    """
    complaints: list[Any] = []

    async def watched() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        async with asyncio.timeout(20):
            return await work

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        told = runner.run(watched())
    assert complaints == []
    return told


@dataclass
class Front:
    """The doors of one sandbox."""

    box: Sandbox
    tls: ssl.SSLContext

    @property
    def proxy_url(self) -> str:
        return str(self.box.simulator.front.proxy_url)

    @property
    def ca_file(self) -> str:
        return str(self.box.simulator.front.ca_file)

    @property
    def tls_port(self) -> int:
        return urlsplit(str(self.box.simulator.front.tls_url)).port or 0

    def signed(self, order: str = "o1") -> dict[str, str]:
        """
        The parameters of a precreate.
        """
        business = {"out_trade_no": order, "total_amount": "1.23", "subject": "tip pp000001"}
        return dict(self.box.merchant.signed("alipay.trade.precreate", business))

    def url(self, order: str = "o1") -> str:
        return f"{GATEWAY}?{urlencode(self.signed(order))}"

    def opened(self, body: bytes) -> dict[str, Any]:
        """
        The answer to a precreate, verified.
        """
        return dict(self.box.merchant.opened(body, "alipay_trade_precreate_response"))

    async def raw(self, data: bytes) -> bytes:
        """
        What the proxy answers until it hangs up.
        """
        reader, writer = await self.connected()
        writer.write(data)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        place = urlsplit(self.proxy_url)
        return await asyncio.open_connection(place.hostname, place.port)


@asynccontextmanager
async def front(credentials_dir: Path, **settings: Any) -> AsyncIterator[Front]:
    """
    A sandbox with TLS and the proxy open; the vendors' own ports only where asked for.
    """
    ports = {"tls_port": 0, "proxy_port": 0, "vendor_ports": False}
    async with sandbox(credentials_dir, **{**ports, **settings}) as box:
        ca_file = box.simulator.front.ca_file
        yield Front(box, ssl.create_default_context(cafile=str(ca_file) if ca_file else None))


class AllHere(AbstractResolver):
    """Every name is this machine, as with a hosts file."""

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        here = ResolveResult(hostname=host, host="127.0.0.1", port=port, family=AF_INET, proto=0, flags=0)
        return [here]

    async def close(self) -> None:
        """Nothing to close."""


def named_session(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    """
    A session for which every host name is this machine.
    """
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=AllHere(), ssl=tls), trust_env=False)


async def ran(*command: str, **environment: str) -> tuple[int, bytes, bytes]:
    """
    A client in a process of its own, with a built environment: exit code, output, errors.
    """
    child = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.defpath, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out, errors


async def python(code: str, *arguments: str, **environment: str) -> bytes:
    """
    What *code* prints, in an interpreter that knows the standard library only.
    """
    status, out, errors = await ran(sys.executable, "-I", "-S", "-c", code, *arguments, **environment)
    assert status == 0, errors
    return out
