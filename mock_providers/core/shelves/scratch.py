"""
A private file for what need not stay in memory: SQLite in the process's temporary directory, without a name from the
moment it is made, so that it is gone with the process, however that ends.

Nothing here outlives a run, so nothing waits for the disk. Where the disk takes no more, what was to be written is
refused as a whole, and its owner keeps it in memory.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import structlog

_SIEVE_BYTES = 2**21
_NEXT_STEP = "make room there, or set TMPDIR to a folder with room; until then memory holds what should be there"

Row = tuple[Any, ...]


class Scratch:
    """
    Args:
        tables: the statements that make them.
        cache_kib: so much of the file is in memory at most.
    """

    def __init__(self, *tables: str, cache_kib: int) -> None:
        self._tables, self._cache_kib = tables, cache_kib
        self._file: sqlite3.Connection | None = None
        self._told = False
        # Whether there is a file; none is made before something is written.
        self.made = False

    def write(self, *batches: tuple[str, Iterable[Row]]) -> bool:
        """
        Write rows by these statements, all or nothing.

        Returns:
            False where the disk does not take them; the log says so once.
        """
        try:
            file = self._file = self._file or self._make()
            self.made = True
            with file:
                file.execute("BEGIN")
                for statement, rows in batches:
                    file.executemany(statement, rows)
        except (sqlite3.Error, OSError) as problem:
            self._tell(problem)
            return False
        return True

    def _make(self) -> sqlite3.Connection:
        descriptor, name = tempfile.mkstemp(prefix="payproof-", suffix=".shelf")
        os.close(descriptor)
        # Statements begin and end transactions themselves; whoever stops a simulator may be another thread.
        file = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
        try:
            Path(name).unlink()
            file.execute("PRAGMA locking_mode = EXCLUSIVE")
            file.execute("PRAGMA synchronous = OFF")
            # What a full disk interrupts is taken back, by what memory knows of it.
            file.execute("PRAGMA journal_mode = MEMORY")
            file.execute(f"PRAGMA cache_size = -{self._cache_kib}")
            for table in self._tables:
                file.execute(table)
        except (sqlite3.Error, OSError):
            file.close()
            Path(name).unlink(missing_ok=True)  # where an open file cannot go
            raise
        return file

    def _tell(self, problem: Exception) -> None:
        if not self._told:
            self._told = True
            folder = tempfile.gettempdir() if tempfile.tempdir is not None else "the temporary directory"
            structlog.get_logger().warning("not_put_on_disk", problem=str(problem), folder=folder, next_step=_NEXT_STEP)

    def read(self, statement: str, *values: object) -> Sequence[Row]:
        """What a question finds; nothing where nothing was written."""
        return [] if self._file is None else self._file.execute(statement, values).fetchall()

    def close(self) -> None:
        """Let go of the file and all that is in it; the next row begins another."""
        if self._file is not None:
            self._file.close()
            self._file, self.made = None, False


class Sieve:
    """
    Tells of most names that are not on disk that they are not, without asking it.

    Its size is fixed: where millions of names have gone through, it only lets more of the others pass.
    """

    def __init__(self) -> None:
        self._seen = bytearray()

    def add(self, hashes: Iterable[int]) -> None:
        """Such names are on disk from here on."""
        seen = self._seen = self._seen or bytearray(_SIEVE_BYTES)
        for one in hashes:
            seen[one % _SIEVE_BYTES] = 1

    def passes(self, hashed: int) -> bool:
        """Whether such a name may be on disk."""
        return bool(self._seen and self._seen[hashed % _SIEVE_BYTES])

    def clear(self) -> None:
        """Nothing is on disk."""
        self._seen = bytearray()
