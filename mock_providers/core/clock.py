"""
The two clocks: the stamp clock that signs, and the schedule clock that ladders and expiries run on.

The schedule clock can be advanced or run faster; moving it never moves a stamp, so no signature grows stale by it.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

Job = Callable[[], Coroutine[Any, Any, None]]

_ROUNDING_S = 1e-3


class Clock(Protocol):
    """The time that goes into signatures, and waiting in that same time."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251  the home of the port

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)  # noqa: TID251  the home of the port


class Scheduled:
    """A job that waits for its time; can be called off until it starts."""

    __slots__ = ("cancelled", "due_s", "job", "order")

    def __init__(self, *, due_s: float, order: int, job: Job) -> None:
        self.due_s = due_s
        self.order = order
        self.job = job
        self.cancelled = False

    def __lt__(self, other: "Scheduled") -> bool:
        return (self.due_s, self.order) < (other.due_s, other.order)


class ScheduleClock:
    """
    Time for ladders and expiries: flows with the loop times `rate`, and can be advanced due by due.

    Times are seconds since the start on this clock; `at()` turns them into dates. The schedule's first date is what
    the stamp clock says at the first start.
    """

    def __init__(self, stamp: Clock, *, rate: float = 1.0) -> None:
        self._stamp = stamp
        self._base_at: datetime | None = None
        self._rate = rate
        self._anchor_s = 0.0
        self._anchor_loop_s: float | None = None
        self._rung_s = 0.0
        self._heap: list[Scheduled] = []
        self._count = 0
        self._cancelled = 0
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._advancing: asyncio.Lock | None = None
        self._told_s: float | None = None
        self._told_at: datetime
        self._loop_s: Callable[[], float]

    def start(self) -> None:
        """Let time flow; needs a running loop."""
        if self._base_at is None:
            self._base_at = self._stamp.now()
            self._told_s = None
        self._advancing = asyncio.Lock()
        self._flow()

    async def stop(self) -> None:
        """Forget what is due and end what runs."""
        self._stand()
        self.clear()
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    @property
    def rate(self) -> float:
        """Schedule seconds for one second of the loop; 0 stands still."""
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        flowing = self._anchor_loop_s is not None
        self._stand()
        self._rate = value
        if flowing:
            self._flow()

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        if self._anchor_loop_s is None:
            return self._anchor_s
        flowed_s = self._anchor_s + (self._loop_s() - self._anchor_loop_s) * self._rate
        return max(flowed_s, self._rung_s)

    def now(self) -> datetime:
        """The schedule's date and time, aware, UTC."""
        now_s = self.now_s
        if now_s != self._told_s:
            # The loop's time stands still while it handles what has come.
            self._told_s, self._told_at = now_s, self.at(now_s)
        return self._told_at

    def at(self, moment_s: float) -> datetime:
        """The date and time of *moment_s*."""
        assert self._base_at is not None, "start() comes first"
        return self._base_at + timedelta(seconds=moment_s)

    @property
    def pending(self) -> int:
        """Jobs that wait or run."""
        return len(self._heap) - self._cancelled + len(self._running)

    def call_at(self, due_s: float, job: Job) -> Scheduled:
        """Run *job* as a task when the schedule reaches *due_s*; at once when it has passed."""
        self._count += 1
        scheduled = Scheduled(due_s=due_s, order=self._count, job=job)
        if due_s <= self.now_s:
            self._run(scheduled)
        else:
            heapq.heappush(self._heap, scheduled)
            if self._heap[0] is scheduled:
                self._arm()
        return scheduled

    def cancel(self, scheduled: Scheduled) -> bool:
        """
        Returns:
            False when the job has started already.
        """
        if scheduled.cancelled:
            return False
        scheduled.cancelled = True
        self._cancelled += 1
        return True

    def clear(self) -> None:
        """Call off everything that has not started."""
        for scheduled in self._heap:
            scheduled.cancelled = True
        self._heap.clear()
        self._cancelled = 0
        self._disarm()

    async def quiet(self) -> None:
        """Resolve when no job runs."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def advance(self, seconds: float, *, until_idle: bool = False) -> None:
        """
        Move the schedule due by due; each due's jobs end before the next begins.

        Jobs scheduled on the way fall due in their order too: a failed delivery's next rung comes in its turn.

        Args:
            seconds: how far at most.
            until_idle: stop early when nothing is left to do.
        """
        assert self._advancing is not None, "start() comes first"
        async with self._advancing:
            self._stand()
            try:
                await self._advance_to(self._anchor_s + seconds, until_idle=until_idle)
            finally:
                self._flow()

    @property
    def base_at(self) -> datetime:
        """The date and time of second 0."""
        return self.at(0.0)

    async def resume(self, *, base_at: datetime, now_s: float, rate: float) -> None:
        """Forget what is due and go on from another reading, once nobody advances."""
        assert self._advancing is not None, "start() comes first"
        async with self._advancing:
            self._stand()
            self.clear()
            self._base_at, self._anchor_s, self._rate, self._rung_s = base_at, now_s, rate, now_s
            self._told_s = None
            self._flow()

    async def _advance_to(self, target_s: float, *, until_idle: bool) -> None:
        while True:
            await self.quiet()
            due_s = self._next_due_s()
            if due_s is None or due_s > target_s:
                if due_s is not None or not until_idle:
                    self._anchor_s = target_s
                return
            self._anchor_s = max(self._anchor_s, due_s)
            self._run_due()

    def _next_due_s(self) -> float | None:
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return self._heap[0].due_s if self._heap else None

    def _run_due(self) -> None:
        now_s = self.now_s
        while (due_s := self._next_due_s()) is not None and due_s <= now_s:
            self._run(heapq.heappop(self._heap))

    def _run(self, scheduled: Scheduled) -> None:
        scheduled.cancelled = True  # from here on it is too late to call it off
        task = asyncio.get_running_loop().create_task(scheduled.job())
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            # Nobody awaits a job: say it now, not when the collector comes by.
            context = {"message": "a scheduled job failed", "exception": problem, "task": task}
            asyncio.get_running_loop().call_exception_handler(context)

    def _flow(self) -> None:
        self._loop_s = asyncio.get_running_loop().time
        self._anchor_loop_s = self._loop_s()
        self._arm()

    def _stand(self) -> None:
        if self._anchor_loop_s is not None:
            self._anchor_s = self.now_s
            self._anchor_loop_s = None
        self._disarm()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._disarm()
        due_s = self._next_due_s()
        if due_s is None or self._anchor_loop_s is None or self._rate <= 0:
            return
        when = self._anchor_loop_s + (due_s - self._anchor_s) / self._rate
        self._timer = asyncio.get_running_loop().call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        due_s = self._next_due_s()
        if due_s is not None and 0 < due_s - self.now_s < _ROUNDING_S:
            # The loop says it is time and the division says not quite. Stand on the due until the flow has caught up,
            # do not spin. The anchor stays: moved with every ring, by what the loop's time had gone on meanwhile, it
            # left the schedule 80 ms behind the machine after 300,000 rings.
            self._rung_s = due_s
        self._run_due()
        self._arm()
