"""
What a server process says: its ready line, and its log.

It reads the process's stdout for the one JSON line that says it listens, and appends everything else to the log file
that its stderr goes to as well. It refuses to interpret logs.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Enough of a log's end to see why a server died.
TAIL_BYTES = 2_000


class Output:
    """
    The two output streams of one run of a process.

    Args:
        log: appended to; its folder exists.
    """

    def __init__(self, log: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self.log = log
        self.ready: asyncio.Future[Mapping[str, Any]] = self._loop.create_future()
        self._stderr = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._began_at = os.fstat(self._stderr).st_size
        self._reading, self._stdout = os.pipe()
        os.set_blocking(self._reading, False)
        self._rest = b""
        self._loop.add_reader(self._reading, self._read)

    @property
    def fds(self) -> tuple[int, int]:
        """
        Where the process's stdout and stderr go.
        """
        return self._stdout, self._stderr

    def launched(self) -> None:
        """
        The process has its own copy of the writing end now, so ours must not keep the pipe open.
        """
        if self._stdout >= 0:
            os.close(self._stdout)
            self._stdout = -1

    def close(self) -> None:
        """
        Take what is left and let go; for when the process has ended.
        """
        self.launched()
        if self._reading >= 0:
            self._read()
        self._shut()
        if self._stderr >= 0:
            os.close(self._stderr)
            self._stderr = -1
        self.ready.cancel()

    def tail(self) -> str:
        """
        The end of what this run wrote.
        """
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(self._began_at, size - TAIL_BYTES))
            return file.read().decode(errors="replace").strip()

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._reading, 65536):
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                for line in lines:
                    self._take(line)
            self._shut()

    def _take(self, line: bytes) -> None:
        if not self.ready.done() and (said := _ready(line)) is not None:
            self.ready.set_result(said)
        else:
            os.write(self._stderr, line + b"\n")

    def _shut(self) -> None:
        if self._reading >= 0:
            self._loop.remove_reader(self._reading)
            os.close(self._reading)
            self._reading = -1
        if self._rest:
            os.write(self._stderr, self._rest + b"\n")
            self._rest = b""


def _ready(line: bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and said.get("event") == "ready" else None
