"""
What providers have put off, as data: which job falls due when, and about whose order. It outlives the process in a
snapshot and is set again where a run goes on; what a job does is the provider's own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from mock_providers.core.clock import ScheduleClock, Scheduled
from mock_providers.errors import BookRefused

# Does what has fallen due, about something of a merchant's that the mapping names; it may be gone, or done by hand.
Job = Callable[[str, Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Timer:
    """
    One job that waits.

    Args:
        job: its name at the provider.
        due_s: on the schedule.
        about: what the job needs to know, such as an order's number.
    """

    provider: str
    merchant_id: str
    job: str
    due_s: float
    about: Mapping[str, str]


class Timers:
    """All timers of a run, on one schedule."""

    def __init__(self, schedule: ScheduleClock) -> None:
        self._schedule = schedule
        self._jobs: dict[tuple[str, str, str], Job] = {}
        self._waiting: dict[int, tuple[Timer, Scheduled]] = {}
        self._last = 0

    def of(self, provider: str, merchants: Iterable[str]) -> "OwnTimers":
        """Those of one provider for its merchants."""
        return OwnTimers(self, provider, tuple(merchants))

    def serve(self, provider: str, merchant_id: str, job: str, run: Job) -> None:
        """Let *run* do what timers of that name are set for."""
        self._jobs[provider, merchant_id, job] = run

    def set(self, timer: Timer) -> None:
        """Let it ring when the schedule comes to it; at once when that has passed."""
        self._last += 1
        self._waiting[self._last] = timer, self._schedule.call_at(timer.due_s, partial(self._ring, self._last))

    def in_seconds(self, seconds: float) -> float:
        """The moment on the schedule that is so far away."""
        return self._schedule.now_s + seconds

    async def _ring(self, number: int) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:  # else everything was forgotten meanwhile
            timer, _ = waiting
            self._jobs[timer.provider, timer.merchant_id, timer.job](timer.merchant_id, timer.about)

    def waiting(self) -> list[Timer]:
        """All that wait, in the order in which they were set."""
        return [timer for timer, _ in self._waiting.values()]

    def must_know(self, timers: Iterable[Timer]) -> None:
        """
        Raises:
            BookRefused: a timer for a job that nobody here does.
        """
        for one in timers:
            if (one.provider, one.merchant_id, one.job) not in self._jobs:
                told = f"the snapshot has a timer for '{one.job}' of {one.provider}, which nobody here knows how to do"
                raise BookRefused("other_jobs", told)

    def resume(self, timers: Iterable[Timer]) -> None:
        """Forget what waits, and set these instead."""
        self.clear()
        for one in timers:
            self.set(one)

    def clear(self) -> None:
        """Forget everything that waits."""
        for _, scheduled in self._waiting.values():
            self._schedule.cancel(scheduled)
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class OwnTimers:
    """A provider's hand on the timers."""

    timers: Timers
    provider: str
    merchants: tuple[str, ...]

    def serve(self, job: str, run: Job) -> None:
        """Let *run* do *job*, for every merchant served here."""
        for merchant_id in self.merchants:
            self.timers.serve(self.provider, merchant_id, job, run)

    def after(self, seconds: float, job: str, *, merchant_id: str, **about: str) -> None:
        """Have *job* done when so many seconds of the schedule have passed."""
        self.timers.set(Timer(self.provider, merchant_id, job, self.timers.in_seconds(seconds), about))
