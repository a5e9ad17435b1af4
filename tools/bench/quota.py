"""
Holds processes to a share of a core each, so that what two of them do can be compared with what one does.

On a machine whose cores are all full a second process takes from the first; held to a share, both have their own.
Control groups of the system, of either version, which wants root. Knows nothing of what the processes do.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

VERSION_1, VERSION_2 = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
PERIOD_US = 20_000


def can_hold() -> bool:
    """
    Whether this machine lets us.
    """
    if VERSION_1.is_dir():
        return os.access(VERSION_1, os.W_OK)
    controls = VERSION_2 / "cgroup.subtree_control"
    return controls.is_file() and "cpu" in controls.read_text() and os.access(VERSION_2, os.W_OK)


@contextmanager
def held(pids: Sequence[int], share: float) -> Iterator[None]:
    """
    Each of *pids* has at most that share of a core until the block ends.
    """
    made: list[Path] = []
    try:
        for number, pid in enumerate(pids):
            made.append(_group(f"payproof-{os.getpid()}-{number}", share))
            (made[-1] / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for group in made:
            _set_free(group)


def _group(name: str, share: float) -> Path:
    quota_us = round(share * PERIOD_US)
    if VERSION_1.is_dir():
        group = VERSION_1 / name
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))
    else:
        group = VERSION_2 / name
        group.mkdir()
        (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
    return group


def _set_free(group: Path) -> None:
    """Hand back who is still in it; an empty group can be removed."""
    for pid in (group / "cgroup.procs").read_text().split():
        (group.parent / "cgroup.procs").write_text(pid)
    group.rmdir()
