"""
What the worlds of gateways that are not ours have in common: how their dust settles, in real time.

It refuses to know how such a gateway is asked; the world that inherits from it does.
"""

import asyncio
from collections.abc import Collection, MutableMapping
from typing import Protocol

from harness.clock import Clock
from harness.ids import label_of
from harness.recent_control import RecentControl
from harness.world.processes import LADDER_S

LOOK_S = 0.1


class Numbered(Protocol):
    """A gateway whose orders we know, and the provider's number of each as far as it was learned."""

    @property
    def orders(self) -> Collection[str]: ...

    @property
    def numbers(self) -> MutableMapping[str, str]: ...


class ForeignWorld:
    """
    The provider's ladders are walked to their ends; what the gateway owes is asked after until it is there, or patience
    has run out once.
    """

    clock: Clock
    control: RecentControl

    def __init__(self) -> None:
        # Orders and refunds for which patience has run out: nobody waits for them again.
        self._given_up: set[str] = set()

    async def advance(self, seconds: float) -> None:
        await self.control.advance(seconds)
        await self._learn_numbers()

    async def settle(self, *, patience_s: float) -> bool:
        """
        Walk the ladders to their ends, and wait until refunds have ended and the platform has heard of what the gateway
        calls paid; what the gateway has still to find out by itself is waited for by whoever asks for it.
        """
        waited_for: set[str] = set()
        try:
            async with asyncio.timeout(patience_s):
                while (await self.control.advance(LADDER_S, until_idle=True)).pending:
                    await self.clock.sleep(LOOK_S)
                await self._learn_numbers()
                while waited_for := await self._unended() | await self._untold():
                    await self.clock.sleep(LOOK_S)
                return True
        except TimeoutError:
            self._given_up |= waited_for
            return False

    def _numbered(self) -> Numbered | None:
        """
        Whose orders they are; None where nobody can be asked yet.
        """
        raise NotImplementedError

    async def _unended(self) -> set[str]:
        """
        What the gateway has taken and not ended.
        """
        raise NotImplementedError

    async def _untold(self) -> set[str]:
        """
        What the platform has still to hear of.
        """
        raise NotImplementedError

    async def _learn_numbers(self) -> None:
        """
        The provider's number of each order, for a gateway that does not tell it: by label, out of the book.
        """
        numbered = self._numbered()
        if numbered is None:
            return
        by_label = {trade.label: trade.out_trade_no async for trade in self.control.trades()}
        for order in numbered.orders:
            number = by_label.get(label_of(order) or "")
            if number is not None:
                numbered.numbers[order] = number
