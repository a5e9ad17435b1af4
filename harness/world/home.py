"""
The `--home` folder: who works in it, the ports it keeps, the places in it, and the folders of its runs.

A gateway can be configured once because ports and credentials stay the same from run to run. One process works in a
home at a time; the lock is the kernel's and falls with the process, however it ends. It refuses to write credentials.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from harness.clock import Clock
from harness.errors import HomeBusyError, PortTakenError

HOST = "127.0.0.1"
# Below the ranges out of which Linux and macOS take ports for outgoing connections, so that kept ports stay free.
PORT_MIN, PORT_COUNT = 20_000, 10_000
NOTHING_SAID: Callable[[str], None] = lambda _line: None  # noqa: E731 - a default is no function of its own


class Home:
    """
    The folder, locked from `open` to `close`; also a context manager.

    Args:
        folder: made if missing.
        notice: told a line for people when a kept port had to be changed.
    """

    def __init__(self, folder: Path, *, notice: Callable[[str], None] = NOTHING_SAID) -> None:
        self.folder = folder.absolute()
        self._notice = notice
        self._lock: int | None = None
        self._claims: dict[int, socket.socket] = {}

    @property
    def credentials(self) -> Path:
        """
        Where merchant and platform keys are kept; mode 0700.
        """
        return self._private("credentials")

    @property
    def postgres(self) -> Path:
        """
        The embedded PostgreSQL's place.
        """
        return self.folder / "postgres"

    @property
    def redis(self) -> Path:
        """
        The embedded Redis's name; nothing is written there.
        """
        return self.folder / "redis"

    @property
    def runs(self) -> Path:
        """
        The run folders.
        """
        return self.folder / "runs"

    def open(self) -> Self:
        """
        Make the folder and take it.

        Raises:
            HomeBusyError: another process works in it; says which.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 20).decode(errors="replace").strip()
            os.close(lock)
            who = f"process {holder}" if holder else "another process"
            raise HomeBusyError(f"{self.folder} is in use by {who}") from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock
        return self

    def close(self) -> None:
        """
        Let others in, and others have the ports; closing twice is harmless.
        """
        while self._claims:
            self._claims.popitem()[1].close()
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def port(self, name: str, *, strict: bool = False) -> int:
        """
        The loopback port that this home keeps for *name*; chosen free the first time, the same ever after.

        While the home is open no other one is given it, though nothing may listen there yet.

        Args:
            name: of the server.
            strict: somebody was told this port, so another one will not do.

        Raises:
            PortTakenError: it is taken by another program, and *strict*.
        """
        kept = self._ports()
        former = kept.get(name)
        if former is not None and self._has(former):
            return former
        taken = f"port {former}, kept for {name}, is in use by another program"
        if former is not None and strict:
            hint = f"stop that program, or remove {name} from {self.folder / 'ports.json'} to have another one chosen"
            raise PortTakenError(taken, hint=hint)
        chosen = next(port for port in self._candidates(name) if port not in kept.values() and self._has(port))
        if former is not None:
            self._notice(f"{taken}: {name} has {chosen} from now on")
        self._write("ports.json", {**kept, name: chosen})
        return chosen

    def kept(self, name: str) -> int | None:
        """
        The port that this home keeps for *name*, whoever listens there; None where it keeps none.
        """
        return self._ports().get(name)

    def new_run(self, clock: Clock, seed: int) -> Path:
        """
        Make `runs/<time>-<seed>/` and point `runs/latest` at it.
        """
        self.runs.mkdir(exist_ok=True)
        stem = f"{clock.now():%Y%m%dT%H%M%SZ}-{seed}"
        for name in _numbered(stem):
            with contextlib.suppress(FileExistsError):
                (self.runs / name).mkdir()
                break
        half = self.runs / f".latest.{os.getpid()}"
        half.unlink(missing_ok=True)
        half.symlink_to(name)
        half.replace(self.runs / "latest")
        return self.runs / name

    def _private(self, name: str) -> Path:
        place = self.folder / name
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def _ports(self) -> dict[str, int]:
        try:
            said = json.loads((self.folder / "ports.json").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return {name: port for name, port in said.items() if isinstance(port, int)} if isinstance(said, dict) else {}

    def _candidates(self, name: str) -> Iterator[int]:
        """
        Every port of the range, from one that this home and name are likely to have to themselves.
        """
        key = f"{self.folder}\0{name}".encode()
        first = int.from_bytes(hashlib.blake2b(key, digest_size=4).digest())
        return (PORT_MIN + (first + step) % PORT_COUNT for step in range(PORT_COUNT))

    def _has(self, port: int) -> bool:
        """
        Whether that port is free, and no other home's that has yet to start its server.

        It is claimed by the UDP port of the same number, which nobody needs and the kernel gives to one alone.
        """
        if not is_free(port):
            return False
        if self._lock is None or port in self._claims:
            return True
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind((HOST, port))
        except OSError as error:
            claim.close()
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        self._claims[port] = claim
        return True

    def _write(self, name: str, value: object) -> None:
        half = self.folder / f".{name}.{os.getpid()}"
        half.write_text(json.dumps(value, indent=2) + "\n")
        half.replace(self.folder / name)


def is_free(port: int) -> bool:
    """
    Whether a server could listen on that loopback port now.
    """
    with socket.socket() as trial:
        # As servers do: a connection of the last run that lingers does not make the port taken.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
            trial.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1
