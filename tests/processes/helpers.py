"""What the process tests share: who is alive, waiting for ends without sleeping, folders that another user reaches."""

import contextlib
import os
import pwd
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.world.launch import Identity
from harness.world.places import reachable

REPO = Path(__file__).parents[2]
GONE_S = 60.0
NOBODY = "nobody"


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def mentioning(text: str) -> list[int]:
    """The living processes, but for this one, whose command line or folder mentions *text*."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            about = (entry / "cmdline").read_bytes() + str((entry / "cwd").readlink()).encode()
            if text.encode() in about and alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def wait_gone(pids: Iterable[int]) -> None:
    """Wait until all of them have ended, whoever's children they are."""
    for pid in pids:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([fd], [], [], GONE_S)[0], f"process {pid} survives"
        finally:
            os.close(fd)


def children() -> dict[int, list[int]]:
    """Everybody's children, by the parent's pid."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found.setdefault(parent, []).append(int(entry.name))
    return found


def tree(pid: int) -> list[int]:
    """All descendants of a process."""
    known = children()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        mine = known.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found


def nobody() -> Identity:
    entry = pwd.getpwnam(NOBODY)
    return Identity(entry.pw_uid, entry.pw_gid)


@contextlib.contextmanager
def open_folder(identity: Identity | None = None) -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own; *identity* owns it."""
    with tempfile.TemporaryDirectory(prefix="pp-test-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        if identity is not None:
            os.chown(folder, identity.uid, identity.gid)
        yield folder


def as_nobody(command: list[str]) -> list[str]:
    """
    The same command as an ordinary user, for whom the interpreter is made reachable in a mount namespace of its own.

    Needs root and `unshare`; `why_not_nobody` says when they are missing.
    """
    identity = nobody()
    drop = f"exec setpriv --reuid={identity.uid} --regid={identity.gid} --clear-groups --"
    return ["unshare", "--mount", "sh", "-ec", f'{_uncover(identity)}\n{drop} "$@"', "sh", *command]


def why_not_nobody() -> str | None:
    if os.geteuid() != 0:
        return "not root: the other tests run as an ordinary user already"
    if shutil.which("unshare") is None or shutil.which("setpriv") is None:
        return "needs unshare and setpriv"
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True, text=True)
    return None if tried.returncode == 0 else f"no mount namespaces here: {tried.stderr.strip()}"


def _uncover(identity: Identity) -> str:
    """Shell lines that put what Python needs back under an empty, open folder where a closed one stands."""
    needed = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), REPO}
    hidden = sorted(path for path in needed if not reachable(path / "x", identity))
    if not hidden:
        return ""
    covers = sorted({next(p for p in reversed(path.parents) if not reachable(p / "x", identity)) for path in hidden})
    lines = ["keep=$(mktemp -d)", "mount -t tmpfs none $keep"]
    lines += [f"mkdir $keep/{i} && mount --bind {path} $keep/{i}" for i, path in enumerate(hidden)]
    lines += [f"mount -t tmpfs -o mode=755 none {cover}" for cover in covers]
    lines += [f"mkdir -p {path} && mount --bind $keep/{i} {path}" for i, path in enumerate(hidden)]
    return "\n".join(lines)
