"""
A network of one's own: a fresh namespace in which 127.0.0.1:80 is free and the world cannot be reached.

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

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 0x1


class NoNamespaceError(Exception):
    """
    This machine gives us no network of our own; the text says why.
    """


def enter() -> None:
    """
    Move this process, which must have one thread only, and all its later children into a fresh network.
    """
    if sys.platform != "linux":
        raise NoNamespaceError(f"network namespaces are Linux's; this is {sys.platform}")
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        # Root of a container may lack the right to the first and still be allowed the second.
        if libc.unshare(_CLONE_NEWNET) != 0:
            if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
                why = os.strerror(ctypes.get_errno())
                raise NoNamespaceError(f"neither root nor an allowed user namespace: unshare says {why!r}")
            _become_root_inside(uid, gid)
        _bring_loopback_up()
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
