"""
A provider that dies: between the reading of its book and its death nothing may be said that the book does not hold.
"""

import asyncio
from typing import Any

from harness.world.nemesis import Deed, Link
from harness.world.process_moves import ProcessMoves


class Parts:
    """
    The parts of a world, all in one, that write down what is done to them.
    """

    def __init__(self) -> None:
        self.done: list[str] = []

    def moves(self) -> dict[str, Any]:
        async def do(deed: Deed) -> None:
            self.done.append(deed.text)

        return {f"{what} {link}": do for what in ("cut", "heal") for link in (Link.TO_PROVIDER, Link.NOTIFIES)}

    async def snapshot(self) -> bytes:
        self.done.append("read the book")
        return b"{}"

    async def restore(self, book: bytes) -> None:
        self.done.append(f"put back {book.decode()}")

    async def kill(self, name: str, *, stay: bool) -> None:
        assert stay
        self.done.append(f"kill {name}")

    async def restart(self, name: str) -> None:
        self.done.append(f"restart {name}")


def test_nobody_gets_through_in_either_way_before_the_book_is_read_and_after_it_is_put_back():
    parts: Any = Parts()
    moves = ProcessMoves(supervisor=parts, gateways=(), control=parts, links=parts).moves()

    async def play() -> None:
        for text in ("kill provider", "restart provider"):
            await moves[text](Deed(text.split()[0], "provider"))

    asyncio.run(play())
    assert parts.done == [
        "cut gateway->provider",
        "cut provider->gateway",
        "read the book",
        "kill simulator",
        "restart simulator",
        "put back {}",
        "heal gateway->provider",
        "heal provider->gateway",
    ]
