"""
The buyers of a load run: whatever is opened at the provider is paid, as soon as it is seen.

They act through the control API like any buyer; they refuse to know who opened the trades.
"""

import asyncio
from typing import Protocol

from harness.clock import Clock
from harness.control import BuyerAction, Trade
from harness.errors import ControlError

# How long a buyer looks at the screen before reaching for the phone: the follower's own pace.
LOOK_S = 0.05
# Small, because the last page is read again at each look.
PAGE = 50


class Cashier(Protocol):
    """What buyers need of the control API."""

    async def trades_page(self, *, after: str | None, limit: int) -> tuple[tuple[Trade, ...], str | None]: ...

    async def buyer(self, provider: str, out_trade_no: str, *, action: BuyerAction) -> Trade: ...


class Buyers:
    """
    Follows the book and pays each new trade once.

    Args:
        at_once: how many are at the cashier at the same time.
    """

    def __init__(self, control: Cashier, *, clock: Clock, at_once: int = 64) -> None:
        self._control = control
        self._clock = clock
        self._turns = asyncio.Semaphore(at_once)
        self._seen: set[tuple[str, str]] = set()
        self._after: str | None = None
        self.paid = 0
        self.refused = 0

    async def follow(self, until: asyncio.Event) -> None:
        """
        Pay until told otherwise, and then once more for what was opened at the very end.
        """
        async with asyncio.TaskGroup() as group:
            while not until.is_set():
                await self._look(group)
                await self._clock.sleep(LOOK_S)
            await self._look(group)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        while True:
            trades, following = await self._control.trades_page(after=self._after, limit=PAGE)
            for trade in trades:
                key = (trade.provider, trade.out_trade_no)
                if key not in self._seen:
                    self._seen.add(key)
                    await self._turns.acquire()
                    group.create_task(self._pay(trade)).add_done_callback(lambda _: self._turns.release())
            if following is None:
                return
            self._after = following

    async def _pay(self, trade: Trade) -> None:
        try:
            await self._control.buyer(trade.provider, trade.out_trade_no, action=BuyerAction.PAY)
        except ControlError:
            # Closed meanwhile, say; whether money moved stands in the book, and the audit reads that.
            self.refused += 1
        else:
            self.paid += 1
