"""
The control API of a simulator that lives through many cases: what is past can be left behind.

Every case reads the whole book, all notifies and the wire log, and in a world that is not made anew for each that would
grow with the square of the cases. It refuses to know what a case is.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from harness.control import SimulatorControl

Row = TypeVar("Row")
BOOK, NOTIFIES, JOURNAL = "/trades", "/notifies", "/journal"


class RecentControl(SimulatorControl):
    """
    Lists begin after what was read before `leave_behind`; everything else is as it was. For one worker.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        super().__init__(url, token=token)
        self._since: dict[str, int] = {}
        self._read: dict[str, int] = {}

    def leave_behind(self) -> None:
        """
        What has been read so far is not read again.
        """
        self._since |= self._read

    async def _walk(
        self, path: str, parse: Callable[[Mapping[str, Any]], Row], *, query: Mapping[str, Any]
    ) -> AsyncIterator[Row]:
        since = self._since.get(path, 0)
        begun = {**query, "after": since or None} if query.get("after") is None else query
        counted = path == BOOK and not query.get("provider") and not query.get("merchant")
        rows = 0

        def noted(raw: Mapping[str, Any]) -> Row:
            nonlocal rows
            rows += 1
            number = _number(path, raw, nth=since + rows if counted else 0)
            self._read[path] = max(self._read.get(path, 0), number)
            return parse(raw)

        async for row in super()._walk(path, noted, query=begun):
            yield row


def _number(path: str, raw: Mapping[str, Any], *, nth: int) -> int:
    """
    The cursor of a row, 0 where it has none; a trade's is its place in the book.
    """
    if path == NOTIFIES:
        return int(str(raw["id"]).removeprefix("n"))
    if path == JOURNAL:
        return int(raw["seq"])
    return nth
