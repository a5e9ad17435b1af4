"""A relay that copies bytes and nothing else: the least that a process in front of others would have to do."""

import asyncio
import sys
from typing import cast
from urllib.parse import urlsplit

from mock_providers.process import loop_factory


class _End(asyncio.Protocol):
    def __init__(self, other: "asyncio.Future[asyncio.Transport]", mine: "asyncio.Future[asyncio.Transport]") -> None:
        self._other, self._mine = other, mine

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._mine.set_result(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        if self._other.done():
            self._other.result().write(data)
        else:
            self._other.add_done_callback(lambda other: other.result().write(data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the loop's signature
        if self._other.done():
            self._other.result().close()


async def serve(target: str) -> None:
    """
    Listen, say where, and copy for ever.
    """
    loop, where = asyncio.get_running_loop(), urlsplit(target)
    opening = set()

    def client() -> _End:
        near, far = loop.create_future(), loop.create_future()
        task = loop.create_task(loop.create_connection(lambda: _End(near, far), where.hostname, where.port))
        opening.add(task)
        task.add_done_callback(opening.discard)
        return _End(far, near)

    server = await loop.create_server(client, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(sys.argv[1]))
