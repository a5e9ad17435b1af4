"""
How much of the work that is due this instance takes: by weight 1/(load + 0.1) among those that live.

The lease in the store is what keeps two instances from doing one thing; this only decides how big a bite each takes.
Who knows of no others takes everything. It refuses to know where the others tell their loads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from reference_gateway.cancelling import heed_cancellation
from reference_gateway.clock import Clock
from reference_gateway.metrics import Metrics

REPORT_S = 1.0
SOFTENING = 0.1


def parts_by_weight(loads: Mapping[str, float]) -> dict[str, float]:
    """Turn loads by instance (0 idle, 1 full, more when work waits) into parts of the work; they add up to 1."""
    weights = {instance: 1 / (max(0.0, load) + SOFTENING) for instance, load in loads.items()}
    total = sum(weights.values())
    return {instance: weight / total for instance, weight in weights.items()}


class Instances(Protocol):
    """Where instances tell their loads; *several* where there may be others."""

    several: bool

    async def close(self) -> None: ...

    async def report(self, instance: str, load: float) -> Mapping[str, float]:
        """Tell ours, and return the loads of all that live; without ours when nobody can tell."""
        ...

    async def leave(self, instance: str) -> None:
        """Be counted no more."""
        ...


class Alone:
    """No others."""

    several = False

    async def close(self) -> None:
        """Nothing to close."""

    async def report(self, instance: str, load: float) -> Mapping[str, float]:
        return {instance: load}

    async def leave(self, instance: str) -> None:
        """Nobody counts."""


class Spread:
    """This instance's part, renewed every second."""

    def __init__(
        self, instance: str, instances: Instances, *, load: Callable[[], float], clock: Clock, metrics: Metrics
    ) -> None:
        self.part = 1.0
        self._instance = instance
        self._instances = instances
        self._load = load
        self._clock = clock
        self._metrics = metrics
        self._task: asyncio.Task[None] | None = None

    def bite(self, most: int) -> int:
        """Return how many pieces of work to take at once, of at most *most*."""
        return max(1, round(most * self.part))

    async def renew(self) -> None:
        """Tell our load and learn our part."""
        loads = await self._instances.report(self._instance, self._load())
        self.part = parts_by_weight(loads).get(self._instance, 1.0)
        self._metrics.share(self.part)

    def start(self) -> None:
        if self._instances.several:
            self._task = asyncio.create_task(self._run(), name="spread")

    async def stop(self) -> None:
        """Leave, so that the others take over our part at once."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
            await self._instances.leave(self._instance)
        await self._instances.close()

    async def _run(self) -> None:
        while True:
            await self.renew()
            heed_cancellation()
            await self._clock.sleep(REPORT_S)
