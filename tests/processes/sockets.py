"""
What processes listen on and whom they speak to, as the kernel tells it.
"""

import contextlib
import re
import socket
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

LISTENING, ESTABLISHED = "0A", "01"
ACCEPTING = 0x10000
SOCKET = re.compile(r"socket:\[(\d+)\]")


def listening_addresses(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Address and port of every TCP socket on which one of them listens."""
    return _addresses(pids, state=LISTENING, column=1)


def connected_addresses(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Address and port of whoever one of them is connected with over TCP."""
    return _addresses(pids, state=ESTABLISHED, column=2)


def _addresses(pids: Iterable[int], *, state: str, column: int) -> set[tuple[str, int]]:
    inodes = _inodes(pids)
    return {
        _address(fields[column])
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for fields in _rows(table)
        if fields[3] == state and fields[9] in inodes
    }


def unix_socket_modes(pids: Iterable[int]) -> dict[str, int]:
    """The modes of the Unix sockets that have a path and on which one of them listens."""
    inodes = _inodes(pids)
    paths = [
        fields[7]
        for fields in _rows("/proc/net/unix")
        if len(fields) > 7 and fields[6] in inodes and int(fields[3], 16) & ACCEPTING
    ]
    return {path: stat.S_IMODE(Path(path).stat().st_mode) for path in paths}


def _inodes(pids: Iterable[int]) -> set[str]:
    return {inode for pid in pids for inode in _sockets_of(pid)}


def _sockets_of(pid: int) -> Iterator[str]:
    # A worker of a server may be gone by now.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if found := SOCKET.fullmatch(str(fd.readlink())):
                    yield found[1]


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in Path(table).read_text().splitlines()[1:]] if Path(table).exists() else []


def _address(text: str) -> tuple[str, int]:
    """`0100007F:1F90` is 127.0.0.1:8080: words of four bytes in the machine's order, then the port."""
    host, _, port = text.partition(":")
    words = [int(host[at : at + 8], 16).to_bytes(4, "little") for at in range(0, len(host), 8)]
    raw = b"".join(words)
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)
