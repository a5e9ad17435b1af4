"""
The run as a stream: one JSON line for each event, for whoever follows along.
"""

from typing import Any, TextIO

import orjson

from harness.events import Audited, Event, Judged, Resulted, RunEnded


class NdjsonReport:
    """
    Args:
        stream: a file of the run folder, or a pipe.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def hear(self, event: Event) -> None:
        line = {"event": type(event).__name__, **_told(event)}
        self._stream.write(orjson.dumps(line).decode() + "\n")
        self._stream.flush()

    def close(self) -> None:
        self._stream.close()


def _told(event: Event) -> dict[str, Any]:
    match event:
        case Audited():
            return dict(event.report.to_json())
        case Judged():
            judged = event.judgement
            return {
                "requirement": judged.requirement,
                "verdict": judged.verdict.value,
                "witnessed": judged.witnessed,
                "reason": judged.reason,
                "findings": [dict(finding.to_json()) for finding in judged.findings],
            }
        case Resulted():
            return dict(event.result.to_json())
        case RunEnded():
            return {"verdict": event.verdict.value, "reasons": list(event.reasons), "summary": dict(event.summary)}
        case _:
            return {name: _plain(getattr(event, name)) for name in type(event).__slots__}


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "items") else value
