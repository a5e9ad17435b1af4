"""
What a long run would hold by the thousand, on disk instead of in memory: a line for each, in a file of its own.

It can be added to and read from the beginning, again and again. It refuses to judge.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson

from harness.sut.sink import WebhookEvent

T = TypeVar("T")


class Spool(Generic[T]):
    """
    Args:
        file: made anew.
        pack: what is written of each, as JSON.
        unpack: makes of that what was added.
    """

    def __init__(self, file: Path, *, pack: Callable[[T], Any], unpack: Callable[[Any], T]) -> None:
        self._path = file
        self._file = file.open("wb")
        self._pack = pack
        self._unpack = unpack
        self._count = 0

    def append(self, one: T) -> None:
        self._file.write(orjson.dumps(self._pack(one)) + b"\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        if not self._file.closed:
            self._file.flush()
        with self._path.open("rb") as lines:
            for line in lines:
                yield self._unpack(orjson.loads(line))

    def close(self) -> None:
        """Nothing is added any more; what is there can still be read."""
        self._file.close()


def webhooks(file: Path) -> Spool[WebhookEvent]:
    """
    Webhooks of a run, with what the audit asks of each.
    """
    return Spool(file, pack=_packed, unpack=_unpacked)


def _packed(event: WebhookEvent) -> list[Any]:
    return [
        event.event_id,
        event.type,
        event.merchant_order_no,
        event.received_at,
        event.answered,
        _kept(event.data),
    ]


def _unpacked(line: list[Any]) -> WebhookEvent:
    event_id, kind, order, received_at, answered, data = line
    return WebhookEvent(
        event_id=event_id,
        type=kind,
        merchant_order_no=order,
        data=data,
        received_at=datetime.fromisoformat(received_at),
        answered=answered,
    )


def _kept(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    The amounts are all that is asked for later.
    """
    kept: dict[str, Any] = {"amount_fen": data.get("amount_fen", 0)}
    refund = data.get("refund")
    if refund:
        kept["refund"] = {"amount_fen": refund.get("amount_fen", 0)}
    return kept
