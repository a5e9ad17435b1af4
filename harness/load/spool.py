"""
Webhooks of a long run, on disk instead of in memory: a line for each, with what the audit asks of it.

It can be added to and read from the beginning, again and again. It refuses to judge.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from harness.sut.sink import WebhookEvent


class Spool:
    """
    Args:
        file: made anew.
    """

    def __init__(self, file: Path) -> None:
        self._path = file
        self._file = file.open("wb")
        self._count = 0

    def append(self, event: WebhookEvent) -> None:
        line = [
            event.event_id,
            event.type,
            event.merchant_order_no,
            event.received_at,
            event.answered,
            _kept(event.data),
        ]
        self._file.write(orjson.dumps(line) + b"\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[WebhookEvent]:
        self._file.flush()
        with self._path.open("rb") as lines:
            for line in lines:
                event_id, kind, order, received_at, answered, data = orjson.loads(line)
                yield WebhookEvent(
                    event_id=event_id,
                    type=kind,
                    merchant_order_no=order,
                    data=data,
                    received_at=datetime.fromisoformat(received_at),
                    answered=answered,
                )

    def close(self) -> None:
        self._file.close()


def _kept(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    The amounts are all that is asked for later.
    """
    kept: dict[str, Any] = {"amount_fen": data.get("amount_fen", 0)}
    refund = data.get("refund")
    if refund:
        kept["refund"] = {"amount_fen": refund.get("amount_fen", 0)}
    return kept
