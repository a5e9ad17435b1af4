"""
The history: what was asked, how it ended, and what was seen, in order, as NDJSON that can be judged next year.

It refuses to judge, and to know what an operation means: kinds and values are the business of who writes and who
reads them.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from harness.clock import Clock, SystemClock
from harness.errors import HistoryError


class Phase(StrEnum):
    """Where an operation stands. The third ending is the reason why this project exists."""

    INVOKE = "invoke"
    OK = "ok"  # it happened
    FAIL = "fail"  # it did not happen
    UNKNOWN = "unknown"  # nobody knows: it must be asked for, never assumed
    FACT = "fact"  # nobody of ours invoked it: a notify delivered, a row of the book, a server killed


ENDINGS = frozenset({Phase.OK, Phase.FAIL, Phase.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One line of the history.

    Args:
        index: its place, from 0, without holes.
        kind: `create`, `pay`, `get`, `refund`, `notify`, `book`, `ledger`, `webhook`, …
        of: for an ending, the index of its invocation.
        order: the merchant's order number, empty where there is none.
        at: the clock that the world runs on, virtual in an in-process world.
        real_at: the machine's clock.
    """

    index: int
    kind: str
    phase: Phase
    at: datetime
    real_at: datetime
    of: int | None = None
    order: str = ""
    value: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "index": self.index,
            "kind": self.kind,
            "phase": self.phase.value,
            "of": self.of,
            "order": self.order,
            "at": self.at.isoformat(),
            "real_at": self.real_at.isoformat(),
            "value": dict(self.value),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Operation":
        return cls(
            index=raw["index"],
            kind=raw["kind"],
            phase=Phase(raw["phase"]),
            of=raw["of"],
            order=raw["order"],
            at=datetime.fromisoformat(raw["at"]),
            real_at=datetime.fromisoformat(raw["real_at"]),
            value=raw["value"],
        )


class History(Sequence[Operation]):
    """
    The operations so far; appended to a file as they come when it is given one.

    One event loop writes; a line is written whole, so that only the last can be torn.
    """

    def __init__(self, clock: Clock, *, file: Path | None = None, real: Clock | None = None) -> None:
        self._clock = clock
        self._real = real if real is not None else SystemClock()
        self._operations: list[Operation] = []
        self._file: BinaryIO | None = None if file is None else file.open("ab", buffering=0)

    def __getitem__(self, index: Any) -> Any:
        return self._operations[index]

    def __len__(self) -> int:
        return len(self._operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def invoke(self, kind: str, /, *, order: str = "", **value: Any) -> int:
        """
        Say that *kind* is about to be asked for.

        Returns:
            The index that its ending names.
        """
        return self._append(kind, Phase.INVOKE, of=None, order=order, value=value)

    def ok(self, invocation: int, /, **value: Any) -> int:
        return self._end(invocation, Phase.OK, value)

    def fail(self, invocation: int, /, **value: Any) -> int:
        return self._end(invocation, Phase.FAIL, value)

    def unknown(self, invocation: int, /, **value: Any) -> int:
        return self._end(invocation, Phase.UNKNOWN, value)

    def fact(self, kind: str, /, *, order: str = "", **value: Any) -> int:
        """
        Record something that was seen, not asked for.
        """
        return self._append(kind, Phase.FACT, of=None, order=order, value=value)

    def close(self) -> None:
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _end(self, invocation: int, phase: Phase, value: Mapping[str, Any]) -> int:
        begun = self._operations[invocation]
        assert begun.phase is Phase.INVOKE
        return self._append(begun.kind, phase, of=invocation, order=begun.order, value=value)

    def _append(self, kind: str, phase: Phase, *, of: int | None, order: str, value: Mapping[str, Any]) -> int:
        operation = Operation(
            index=len(self._operations),
            kind=kind,
            phase=phase,
            of=of,
            order=order,
            at=self._clock.now(),
            real_at=self._real.now(),
            value=dict(value),
        )
        self._operations.append(operation)
        if self._file is not None:
            self._file.write(orjson.dumps(operation.to_json()) + b"\n")
        return operation.index


@dataclass(frozen=True, slots=True)
class Recording:
    """
    A history read back.

    Args:
        torn: what stood on an unfinished last line, empty when the file ended well.
    """

    operations: tuple[Operation, ...]
    torn: str = ""


def read_history(file: Path) -> Recording:
    """
    Read a recorded history; the run may have been killed in the middle of its last line.

    Raises:
        HistoryError: a line before the last is damaged.
    """
    lines = file.read_bytes().split(b"\n")
    torn = lines.pop()  # what follows the last line end; empty in a file that ended well
    operations = []
    for number, line in enumerate(lines, start=1):
        try:
            operations.append(Operation.from_json(orjson.loads(line)))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise HistoryError(
                f"{file}:{number}: {error}", hint="the file was changed after the run; run it again with the same seed"
            ) from error
    return Recording(operations=tuple(operations), torn=torn.decode(errors="replace"))


def endings(operations: Iterable[Operation]) -> dict[int, Operation]:
    """
    The ending of each invocation that has one, by the invocation's index.

    An invocation without an ending (the run was cut short) is as good as unknown.
    """
    return {op.of: op for op in operations if op.phase in ENDINGS and op.of is not None}
