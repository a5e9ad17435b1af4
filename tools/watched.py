"""
Run a command and fail when it leaves a process behind: `tools/watched.py [--grace SECONDS] COMMAND…`

Whatever the command starts, and whatever that starts, belongs to us when its own parent ends, also when it has moved to
a session of its own (Linux: the child subreaper). Survivors are named, killed, and turn the exit code to 1. Elsewhere
the command runs unwatched, and a line says so.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
# Time for servers to notice that whoever started them has ended.
GRACE_S = 5.0


def become_reaper() -> bool:
    """
    Become the parent of every orphan among our descendants; whether that is possible here.
    """
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def run(command: list[str]) -> int:
    """
    The command's exit code, orphans being reaped meanwhile. Ctrl-C reaches the command by itself; SIGTERM is handed on.
    """
    process = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        pid, status = os.wait()
        if pid == process.pid:
            code = process.returncode = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def children() -> list[int]:
    """
    Our living children, adopted ones among them; dead ones are reaped.
    """
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(stat.parent.name))
    return found


def wait_childless(patience_s: float) -> list[int]:
    """
    The children that still live after *patience_s*.
    """
    deadline = time.monotonic() + patience_s
    while left := children():
        with contextlib.ExitStack() as stack:
            watched = []
            for pid in left:
                watched.append(os.pidfd_open(pid))
                stack.callback(os.close, watched[-1])
            if not select.select(watched, [], [], max(0.0, deadline - time.monotonic()))[0]:
                return left
    return []


def about(pid: int) -> str:
    """
    A line that names a process.
    """
    try:
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        words = b"(ended meanwhile)"
    return f"  {pid}: {words.decode(errors='replace').strip()}"


def end_survivors(grace_s: float) -> bool:
    """
    Name and kill whoever is left, and whoever those leave; whether there was anybody.
    """
    survivors = wait_childless(grace_s)
    if not survivors:
        return False
    print("watched: these processes survive the command:", *map(about, survivors), sep="\n", file=sys.stderr)
    while survivors:
        for pid in survivors:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        survivors = wait_childless(GRACE_S)
    return True


def main(command: list[str]) -> int:
    """
    The command's exit code; 1 if it succeeded and left somebody behind.
    """
    grace_s = GRACE_S
    if command[:1] == ["--grace"]:
        grace_s, command = float(command[1]), command[2:]
    if not command:
        print("usage: tools/watched.py [--grace SECONDS] COMMAND…", file=sys.stderr)
        return 2
    if not become_reaper():
        print("watched: this system cannot tell which processes survive; not looking", file=sys.stderr)
        return subprocess.run(command, check=False).returncode
    code = run(command)
    return (code or 1) if end_survivors(grace_s) else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
