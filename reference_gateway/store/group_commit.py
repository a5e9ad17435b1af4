"""
Group commit: one transaction for all that arrived while the last one was committing.

Callers hand in an item under its natural key and get the answer for that key. Knows nothing of what is written: the
*apply* it is given runs the transaction for a whole batch, all or nothing, and answers by key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar, cast

from reference_gateway.errors import StoreConflict, StoreUnavailable
from reference_gateway.pace import Pace

KeyT = TypeVar("KeyT", bound=Hashable)
ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")

CONFLICT_TRIES_MAX = 5


class GroupCommit(Generic[KeyT, ItemT, AnswerT]):
    """
    Collects items and applies them in batches, one batch at a time or as many as there are *lanes*.

    Items of one key that wait together are merged: the first is applied, all get its answer; one whose key is in hand
    waits for the batch after. When a batch fails, its halves are tried apart, so one bad row fails alone; when the
    store itself is away, everybody is told at once. A lone item that lost against another transaction is tried again a
    few times.

    A batch begins beside another one only when no fewer wait than that one has: two that are half as large each keep
    gateway and database busy at once, many small ones would only cost more.
    """

    def __init__(
        self,
        apply: Callable[[Mapping[KeyT, ItemT]], Awaitable[Mapping[KeyT, AnswerT]]],
        *,
        batch_max: int = 256,
        pace_s: float = 0.0,
        lanes: int = 1,
        observe: Callable[[int], None] | None = None,
    ) -> None:
        self._apply = apply
        self._observe = observe
        self._batch_max = batch_max
        self._pace = Pace(pace_s)
        self._waiting: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]] = {}
        self._lanes = lanes
        # Whoever commits, and how many he has in hand; none while he still waits for his turn.
        self._committers: dict[asyncio.Task[None], int] = {}
        self._in_hand: set[KeyT] = set()
        self._aborted = False
        self.batches = 0
        self.items = 0

    @property
    def busy(self) -> bool:
        return bool(self._committers)

    def submit(self, key: KeyT, item: ItemT) -> asyncio.Future[AnswerT]:
        """Hand *item* in; what comes back is done when it is committed, with its key's answer or its batch's error."""
        future: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        if self._aborted:
            # A request that outlives the crash of its process within one event loop: the dead commit nothing.
            future.cancel()
            return future
        if key in self._waiting:
            self._waiting[key][1].append(future)
        else:
            self._waiting[key] = (item, [future])
        if len(self._committers) < self._lanes and self._is_enough(self._committers.values()):
            self._committers[asyncio.create_task(self._run(), name="group-commit")] = 0
        return future

    def _is_enough(self, others: Collection[int]) -> bool:
        """Tell whether what waits is worth a batch beside the *others*; one that has nothing yet will take it."""
        return bool(self._waiting) and (not others or 0 < min(others) <= len(self._waiting))

    async def drain(self) -> None:
        """Wait until nothing is waiting and nothing is being committed."""
        while self._committers:
            await asyncio.wait(list(self._committers))

    def abort(self) -> None:
        """Stop at once and for good, as a crash would; whoever waits or comes later is cancelled."""
        self._aborted = True
        for committer in self._committers:
            committer.cancel()

    async def _run(self) -> None:
        own = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            while self._is_enough([size for one, size in self._committers.items() if one is not own]):
                self._committers[own] = 0
                await self._pace.turn(at_once=len(self._waiting) >= self._batch_max)
                batch = self._take()
                if not batch:
                    break
                self.batches += 1
                self.items += len(batch)
                if self._observe is not None:
                    self._observe(len(batch))
                self._committers[own] = len(batch)
                self._in_hand |= batch.keys()
                try:
                    await self._settle(batch)
                except asyncio.CancelledError:
                    self._cancel(batch)
                    raise
                finally:
                    self._in_hand -= batch.keys()
        finally:
            del self._committers[own]
            if not self._committers:
                waiting, self._waiting = self._waiting, {}
                self._cancel(waiting)

    def _take(self) -> dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]]:
        """Take the oldest keys of which somebody still wants the answer and that are in nobody's hand."""
        batch: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]] = {}
        for key in list(self._waiting):
            if len(batch) == self._batch_max:
                break
            if key in self._in_hand:
                continue
            entry = self._waiting.pop(key)
            if not entry[1][0].done() or not all(future.done() for future in entry[1]):
                batch[key] = entry
        return batch

    async def _settle(self, batch: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]]) -> None:
        tries = 1
        while True:
            try:
                answers = await self._apply({key: item for key, (item, _) in batch.items()})
            except StoreConflict as error:
                if len(batch) > 1:
                    await self._split(batch)
                elif tries < CONFLICT_TRIES_MAX:
                    tries += 1
                    continue
                else:
                    self._fail(batch, error)
            except (StoreUnavailable, OSError) as error:
                self._fail(batch, error)
            except Exception as error:  # noqa: BLE001 (handed to whoever waits; the committer must outlive it)
                if len(batch) > 1:
                    await self._split(batch)
                else:
                    self._fail(batch, error)
            else:
                self._answer(batch, answers)
            return

    async def _split(self, batch: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]]) -> None:
        entries = list(batch.items())
        middle = len(entries) // 2
        await self._settle(dict(entries[:middle]))
        await self._settle(dict(entries[middle:]))

    def _answer(
        self, batch: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]], answers: Mapping[KeyT, AnswerT]
    ) -> None:
        for key, (_, futures) in batch.items():
            for future in futures:
                if future.done():
                    continue
                if key in answers:
                    future.set_result(answers[key])
                else:
                    future.set_exception(LookupError(f"the batch has no answer for {key!r}"))

    def _fail(self, batch: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]], error: Exception) -> None:
        for _, futures in batch.values():
            for future in futures:
                if not future.done():
                    future.set_exception(error)

    def _cancel(self, batch: dict[KeyT, tuple[ItemT, list[asyncio.Future[AnswerT]]]]) -> None:
        for _, futures in batch.values():
            for future in futures:
                future.cancel()
