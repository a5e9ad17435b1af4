"""
The run for machines: one JSON object, and nothing else, when the run has ended.
"""

from typing import TextIO

import orjson

from harness.events import Event, RunEnded


class JsonReport:
    """
    Args:
        stream: stdout; no other listener may write to it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def hear(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            self._stream.write(orjson.dumps(dict(event.summary), option=orjson.OPT_INDENT_2).decode() + "\n")

    def close(self) -> None:
        self._stream.flush()
