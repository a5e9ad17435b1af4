"""
Starts visits on schedule, however slow the gateway is, so that slowness cannot hide.

There is one for each generator. It never waits for a visit: where too many are on their way, the next ones queue, and
what they wait counts as their latency and not as the dispatcher's lateness. It refuses to know what a visit does, and
is handed the way to wait and to start something beside it, so that it is the same over gevent and over asyncio.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loadtests.clock import moment_s
from loadtests.merchant import Draw, Errand
from loadtests.recorder import Recorder
from loadtests.settings import LoadSettings


@dataclass(slots=True)
class Queue:
    """
    Visits on their way, and those that wait for one to end.

    Args:
        most: so many on their way at a time.
    """

    most: int
    under_way: int = 0
    waiting: deque[Errand] = field(default_factory=deque)

    def enter(self, errand: Errand) -> bool:
        """
        Whether it may begin now; else it waits.
        """
        if self.under_way >= self.most:
            self.waiting.append(errand)
            return False
        self.under_way += 1
        return True

    def following(self) -> Errand | None:
        """
        Whose turn it is when one has ended.
        """
        if self.waiting:
            return self.waiting.popleft()
        self.under_way -= 1
        return None


class Arrivals:
    """
    The errands of one worker, each with its moment.

    Args:
        worker: from 0; it takes every `workers`-th arrival.
    """

    def __init__(self, settings: LoadSettings, *, worker: int, began_s: float) -> None:
        self._settings = settings
        self._draw = Draw(settings)
        self._worker = worker
        self._began_s = began_s

    def scheduled(self) -> Iterator[Errand] | None:
        """
        In order of their moments; None where the shape has no schedule.
        """
        schedule = self._settings.schedule
        if schedule is None:
            return None
        moments = schedule.moments(first=self._worker, step=self._settings.workers)
        return (self._draw.errand(number + 1, intended_s=self._began_s + offset_s) for number, offset_s in moments)

    def unending(self) -> Iterator[Errand]:
        """
        One after another, each to begin at once, until the time is over.
        """
        number = self._worker + 1
        while (now_s := moment_s()) - self._began_s < self._settings.duration_s:
            yield self._draw.errand(number, intended_s=now_s)
            number += self._settings.workers


def started(recorder: Recorder, errand: Errand) -> None:
    """
    Write down that the dispatcher has let *errand* go.
    """
    recorder.started(errand.kind, intended_s=errand.intended_s, start_s=moment_s())


Start = Callable[[Errand], None]
