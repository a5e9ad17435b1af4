"""
Watches the processes of a load run: processor time and memory of each, twice a second, written down.

A group is a name and the processes that do its work, their children included. It reads /proc, and where there is none
it knows nothing, which is told as such. It refuses to judge; that is `limits`.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.clock import Clock
from harness.load.spool import Spool

PROC = Path("/proc")
LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process had used, and holds."""

    group: str
    cpu_s: float
    memory: int


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One look.

    Args:
        at_s: seconds since the epoch.
        used: by process.
    """

    at_s: float
    used: Mapping[int, Usage]

    def memory(self) -> Mapping[str, int]:
        """
        Bytes held, by group.
        """
        held: dict[str, int] = {}
        for usage in self.used.values():
            held[usage.group] = held.get(usage.group, 0) + usage.memory
        return held


@dataclass(slots=True)
class Meter:
    """
    Args:
        groups: names the processes of each group, asked at every look: they may come and go.
        file: takes the readings, for a run may last for hours.
    """

    groups: Callable[[], Mapping[str, Iterable[int]]]
    clock: Clock
    file: Path
    readings: Spool[Reading] = field(init=False)

    def __post_init__(self) -> None:
        self.readings = Spool(self.file, pack=_packed, unpack=_unpacked)

    def look(self) -> None:
        """
        Take a reading, where something can be read.
        """
        if not PROC.is_dir():
            return
        used: dict[int, Usage] = {}
        for group, pids in self.groups().items():
            for pid in family(pids):
                seen = usage_of(pid, group)
                if seen is not None:
                    used.setdefault(pid, seen)
        self.readings.append(Reading(self.clock.now().timestamp(), used))

    async def watch(self, until: asyncio.Event) -> None:
        """
        Look twice a second until told otherwise.
        """
        try:
            while not until.is_set():
                self.look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await until.wait()
            self.look()
        finally:
            self.readings.close()

    def spent_s(self, *, since_s: float = 0.0) -> Mapping[str, float]:
        """
        Processor time by group after a moment (seconds since the epoch).
        """
        return spent_s(reading for reading in self.readings if reading.at_s >= since_s)


def spent_s(readings: Iterable[Reading]) -> Mapping[str, float]:
    """
    Processor time by group between the first and the last reading; what came meanwhile counts from its own beginning.
    """
    first: dict[int, float] = {}
    last: dict[int, Usage] = {}
    for number, reading in enumerate(readings):
        for pid, usage in reading.used.items():
            first.setdefault(pid, usage.cpu_s if number == 0 else 0.0)
            last[pid] = usage
    spent: dict[str, float] = {}
    for pid, usage in last.items():
        spent[usage.group] = spent.get(usage.group, 0.0) + usage.cpu_s - first[pid]
    return spent


def _packed(reading: Reading) -> list[Any]:
    used = [[pid, usage.group, usage.cpu_s, usage.memory] for pid, usage in reading.used.items()]
    return [reading.at_s, used]


def _unpacked(line: list[Any]) -> Reading:
    at_s, used = line
    return Reading(at_s, {pid: Usage(group, cpu_s, memory) for pid, group, cpu_s, memory in used})


def family(pids: Iterable[int]) -> Iterator[int]:
    """
    The processes and all that descend from them.
    """
    waiting, seen = list(pids), set[int]()
    while waiting:
        pid = waiting.pop()
        if pid in seen:
            continue
        seen.add(pid)
        yield pid
        with contextlib.suppress(OSError):
            for task in (PROC / str(pid) / "task").iterdir():
                waiting.extend(int(word) for word in (task / "children").read_text().split())


def usage_of(pid: int, group: str) -> Usage | None:
    """
    What a process has used; None when it is gone.
    """
    try:
        words = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    cpu_s = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return Usage(group, cpu_s, int(words[21]) * os.sysconf("SC_PAGE_SIZE"))
