"""
Where a generator's lines go: into the record file, one writer for each run.

A worker of a distributed run hands its lines to its master, which writes them: only the master is near whoever reads.
It refuses to know what the lines say.
"""

from collections.abc import Callable, Sequence
from pathlib import Path


class RecordFile:
    """Lines of JSON, each whole once it is there."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()

    def write_all(self, lines: Sequence[str]) -> None:
        if lines:
            self.write("\n".join(lines))

    def close(self) -> None:
        self._file.close()


class Outbox:
    """Lines that wait until somebody takes them along."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def write(self, line: str) -> None:
        self._lines.append(line)

    def take(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines


Write = Callable[[str], None]
