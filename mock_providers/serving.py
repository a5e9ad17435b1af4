"""The two ways to serve: one process with everything in it, or several behind one address."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mock_providers.app import build
from mock_providers.faults.weather import make_desk
from mock_providers.process import ready_facts
from mock_providers.settings import ProvidersSettings


@dataclass(frozen=True, slots=True)
class Served:
    """
    A simulator that listens.

    Args:
        facts: what its ready line says.
        failed: done when it cannot go on; None when it can always.
    """

    facts: Mapping[str, Any]
    failed: "asyncio.Future[None] | None" = None

    async def until(self, stop: asyncio.Event) -> None:
        """
        Serve until somebody says stop.

        Raises:
            ProvidersError: it cannot go on.
        """
        stopping = asyncio.ensure_future(stop.wait())
        waiting: set[asyncio.Future[Any]] = {stopping} if self.failed is None else {stopping, self.failed}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if self.failed is not None and self.failed.done():
            stopping.cancel()
            self.failed.result()


@asynccontextmanager
async def open_alone(settings: ProvidersSettings) -> AsyncIterator[Served]:
    """Everything in this process."""
    simulator = build(settings)
    await simulator.start()
    try:
        yield Served(ready_facts(simulator))
    finally:
        await simulator.stop()


@asynccontextmanager
async def open_shared(settings: ProvidersSettings) -> AsyncIterator[Served]:
    """As many workers as the settings say, and the control API in front of them."""
    from mock_providers.workers.front import ControlFront  # noqa: PLC0415  few simulators have workers
    from mock_providers.workers.parent import Workers  # noqa: PLC0415

    make_desk(settings.faults_file, seed=settings.seed)  # bad rules are told once, and not by every worker
    workers = Workers(settings)
    front = ControlFront(workers, token=settings.control_token)
    try:
        await workers.start(came_back=front.came_back)
        await front.start(host=settings.control_host, port=settings.control_port)
        yield Served({**workers.all[0].facts, "control_url": front.url}, workers.failed)
    finally:
        await front.stop()
        await workers.stop()
