"""
When a notify was due, read back out of a history.
"""

from datetime import datetime

from harness.history import Operation


def due_of(line: Operation) -> datetime:
    """
    When this copy left, on the provider's schedule; when it was recorded, where nobody said.
    """
    told = line.value.get("due_at")
    return line.at if told is None else datetime.fromisoformat(told)
