"""
A network of one's own: a fresh namespace in which 127.0.0.1:80 is free and the world cannot be reached.

With a hosts file of one's own too, so that the vendors' names lead here.

Linux only, by system calls; as root, or as an ordinary user where user namespaces are allowed. It refuses to touch the
network it was started in.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 0x1
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000


class NoNamespaceError(Exception):
    """
    This machine gives us no network of our own; the text says why.
    """


def enter(*, hosts: Path | None = None) -> None:
    """
    Move this process, which must have one thread only, and all its later children into a fresh network.

    Args:
        hosts: stands in for /etc/hosts, for this process and its children alone.
    """
    if sys.platform != "linux":
        raise NoNamespaceError(f"network namespaces are Linux's; this is {sys.platform}")
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    wanted = _CLONE_NEWNET if hosts is None else _CLONE_NEWNET | _CLONE_NEWNS
    try:
        # Root of a container may lack the right to the first and still be allowed the second.
        if libc.unshare(wanted) != 0:
            if libc.unshare(_CLONE_NEWUSER | wanted) != 0:
                why = os.strerror(ctypes.get_errno())
                raise NoNamespaceError(f"neither root nor an allowed user namespace: unshare says {why!r}")
            _become_root_inside(uid, gid)
        _bring_loopback_up()
        if hosts is not None:
            _stand_in(libc, hosts, Path("/etc/hosts"))
    except OSError as problem:
        raise NoNamespaceError(f"a namespace that cannot be used: {problem}") from problem


def _become_root_inside(uid: int, gid: int) -> None:
    """
    Without a mapping the first exec would lose the right to bind port 80.
    """
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", "ascii")


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        asked = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, asked))
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _stand_in(libc: ctypes.CDLL, mine: Path, theirs: Path) -> None:
    """
    Nothing of it may reach the rest of the machine, so the mounts are made private first.
    """
    for source, target, flags in ((b"none", b"/", _MS_REC | _MS_PRIVATE), (bytes(mine), bytes(theirs), _MS_BIND)):
        if libc.mount(source, target, None, flags, None) != 0:
            raise OSError(ctypes.get_errno(), f"mount: {os.strerror(ctypes.get_errno())}")
