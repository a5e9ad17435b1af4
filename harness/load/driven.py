"""
A generator for somebody else's gateway: the same schedule and record, its payments opened by the gateway's driver.

It runs within the harness, whose processor time counts as the generator's. It refuses to know what the driver says.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.sut.contract import GatewayContract, NewPayment, Outcome
from loadtests.clock import cpu_s, moment_s, wait, wall_s
from loadtests.dispatcher import Arrivals, Queue, started
from loadtests.merchant import Errand
from loadtests.output import RecordFile
from loadtests.recorder import Recorder
from loadtests.settings import LoadSettings, environment_of


class Driven:
    """One run."""

    def __init__(self, gateway: GatewayContract, *, recorder: Recorder) -> None:
        self._gateway = gateway
        self._recorder = recorder

    async def scheduled(self, errands: Iterator[Errand], *, most: int) -> None:
        """
        Open every payment at its time.
        """
        queue = Queue(most)
        async with asyncio.TaskGroup() as crowd:
            for errand in errands:
                await wait(max(errand.intended_s - moment_s(), 0))
                started(self._recorder, errand)
                if queue.enter(errand):
                    crowd.create_task(self._visits(errand, queue))

    async def unending(self, errands: Iterator[Errand], *, at_once: int) -> None:
        """
        As many at once, one after another, until the time is over.
        """
        async with asyncio.TaskGroup() as crowd:
            for _ in range(at_once):
                crowd.create_task(self._one_after_another(errands))

    async def _one_after_another(self, errands: Iterator[Errand]) -> None:
        for errand in errands:
            started(self._recorder, errand)
            await self._open(errand)

    async def _visits(self, errand: Errand | None, queue: Queue) -> None:
        while errand is not None:
            await self._open(errand)
            errand = queue.following()

    async def _open(self, errand: Errand) -> None:
        wanted = NewPayment(
            merchant_order_no=errand.order_no,
            amount_fen=errand.amount_fen,
            subject=f"tip {errand.label}",
            channel=errand.channel,
        )
        reply = await self._gateway.create(wanted)
        end_s, intended_s = moment_s(), errand.intended_s
        good = reply.outcome is Outcome.OK
        # A yes in words that nobody understands is no yes, whatever its status.
        status = (reply.status or 200) if good else _unless_yes(reply.status)
        self._recorder.ended(errand.kind, intended_s=intended_s, end_s=end_s, status=status)
        if good:
            self._recorder.accepted(errand.kind, errand.number, intended_s=intended_s)
            if reply.value is not None and reply.value.qr_code is not None:
                self._recorder.params(errand.kind, intended_s=intended_s, end_s=end_s)


async def run_driven(gateway: GatewayContract, values: Mapping[str, str]) -> None:
    """
    Run it to its end.

    Args:
        values: what a generator of its own would be told.
    """
    settings = LoadSettings.read(environment_of(values))
    file = RecordFile(Path(settings.record_file))
    began_s = moment_s()
    recorder = Recorder(file.write, began_s=began_s, began_at_s=wall_s())
    arrivals, driven = Arrivals(settings, worker=0, began_s=began_s), Driven(gateway, recorder=recorder)
    errands = arrivals.scheduled()
    spent_s = cpu_s()
    if errands is None:
        await driven.unending(arrivals.unending(), at_once=settings.in_flight)
    else:
        await driven.scheduled(errands, most=settings.in_flight)
    recorder.close(moment_s(), cpu_s=cpu_s() - spent_s)
    file.close()


def _unless_yes(status: int | None) -> int:
    return 0 if status is None or status < 300 else status
