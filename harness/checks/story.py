"""
All that a history tells of one order, as rules read it.

It refuses to judge.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.catalog import BY_ID
from harness.history import Operation, Phase


@dataclass(slots=True)
class Story:
    """All that the history tells of one order, in order."""

    order: str
    lines: dict[str, list[Operation]] = field(default_factory=lambda: defaultdict(list))
    # The moments at which the gateway was killed; they belong to every order.
    kills: list[Operation] = field(default_factory=list, compare=False)
    # What rules have found out about it, for others that ask the same.
    found: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def channel(self) -> str:
        """
        Over what the order is paid, as whoever asked for it said; empty where nobody did.
        """
        asked = self.lines.get("create")
        return str(asked[0].value.get("channel", "")) if asked else ""

    def concerns(self, requirement: str) -> bool:
        """
        Whether the requirement applies to the order's channel.
        """
        return not self.channel or self.channel in BY_ID[requirement].channels

    def seen(self, kind: str) -> list[Operation]:
        """
        Facts and successful endings of a kind.
        """
        return [line for line in self.lines.get(kind, ()) if line.phase in {Phase.FACT, Phase.OK}]

    def asked(self, kind: str) -> list[Operation]:
        """
        What was asked for, however it ended.
        """
        return [line for line in self.lines.get(kind, ()) if line.phase is Phase.INVOKE]

    def last(self, kind: str) -> Operation | None:
        found = self.seen(kind)
        return found[-1] if found else None

    def calls(self, verb: str, *, faults: Collection[str] | None = None) -> list[Operation]:
        """
        The gateway's calls to the provider about this order.

        Args:
            faults: only those that one of these befell.
        """
        return [
            line
            for line in self.lines.get("call", ())
            if line.value["verb"] == verb and (faults is None or line.value.get("fault") in faults)
        ]

    def arrived(self, *kinds: str) -> list[Operation]:
        """
        Notifies that the gateway answered, of these kinds; what is told without a kind is taken for genuine.
        """
        return [
            line
            for line in self.seen("notify")
            if line.value.get("delivered", True) and line.value.get("kind", "true") in kinds
        ]


_LAST: list[tuple[Iterable[Operation], int, dict[str, Story]]] = []


def stories(operations: Iterable[Operation]) -> dict[str, Story]:
    """
    The history sorted by order, in one pass. A hundred checks ask for the same one, one after the other, so the last is
    kept for as long as nothing is added to it.
    """
    length = len(operations) if isinstance(operations, Sequence) else -1
    if _LAST and _LAST[0][0] is operations and _LAST[0][1] == length:
        return _LAST[0][2]
    found: dict[str, Story] = {}
    kills: list[Operation] = []
    for operation in operations:
        if operation.kind == "kill":
            kills.append(operation)
        if operation.order:
            told = found.setdefault(operation.order, Story(operation.order, kills=kills))
            told.lines[operation.kind].append(operation)
    _LAST[:] = [(operations, length, found)] if length >= 0 else []
    return found
