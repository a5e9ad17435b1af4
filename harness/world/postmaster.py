"""
What a PostgreSQL that was killed leaves behind, and making way for the next one on the same folder.

A kill -9 leaves a lock file, a socket, and backends that may still be busy; a dying supervisor leaves a postmaster that
is shutting down. It refuses to start or configure servers.
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from harness.errors import ServerStartError
from harness.world.lifeline import wait_for_exit

# After a kill -9 of our predecessor its postmaster is given this long to finish its own shutdown.
PREDECESSOR_EXIT_S = 20.0
# Lines of postmaster.pid, counted from 0.
PID_LINE = 0
STATUS_LINE = 7


async def make_way(data: Path, sockets: Path) -> None:
    """
    Wait for a predecessor that is shutting down, end orphans, and disarm what a dead one has left.

    Raises:
        ServerStartError: a postmaster serves the folder and does not end.
    """
    await _outlive_predecessor(data)
    await _end_orphans(data)
    _clear(sockets)


def postmaster_state(data: Path) -> tuple[int, str] | None:
    """
    The pid and the word of state in postmaster.pid; None when there is none, or it is being written.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[PID_LINE]), lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
    except (FileNotFoundError, IndexError, ValueError):
        return None


async def _outlive_predecessor(data: Path) -> None:
    """
    Wait for a postmaster whose supervisor was killed, and disarm a lock file whose pid is somebody else's by now.
    """
    state = postmaster_state(data)
    if state is None:
        return
    pid, _ = state
    if serves(pid, data) and not await wait_for_exit(pid, timeout_s=PREDECESSOR_EXIT_S):
        raise ServerStartError(
            f"process {pid} still serves {data}", hint="stop it, or work in a folder of your own with --home"
        )
    if _exists(pid):
        _disarm(data / "postmaster.pid")


async def _end_orphans(data: Path) -> None:
    """
    End the backends of a killed postmaster; a busy one would go on for as long as its statement takes.

    They are known by their working folder. Where the system has no /proc the attempts must outlast them.
    """
    for pid in _orphans(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        await wait_for_exit(pid, timeout_s=PREDECESSOR_EXIT_S)


def _orphans(data: Path) -> list[int]:
    folder = data.resolve()
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        # Processes of other users do not show their folder, and are none of ours.
        with contextlib.suppress(OSError):
            if cwd.readlink() == folder and cwd.with_name("comm").read_text().startswith("postgres"):
                found.append(int(cwd.parent.name))
    return found


def _clear(sockets: Path) -> None:
    """
    Remove a dead server's socket and its lock; the folder serves one data folder alone, so they are nobody else's.
    """
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink()


def _disarm(lock: Path) -> None:
    """
    Write our own pid over a pid that was given away, or that is a zombie.

    PostgreSQL takes its parent's pid for stale. It must keep the rest, which tells it whether orphans of the killed
    server still hold the shared memory; without the file it could start beside them and spoil the data.
    """
    with contextlib.suppress(FileNotFoundError), lock.open("r+") as file:
        _, *rest = file.read().split("\n")
        file.seek(0)
        file.write("\n".join([str(os.getpid()), *rest]))
        file.truncate()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def serves(pid: int, data: Path) -> bool:
    """
    Whether that process is a postmaster on *data*; zombies have no command line.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        words = subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603 - no user input
    return os.fsencode(data) in words
