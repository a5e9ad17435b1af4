"""
The light generator: tips and nothing else, by aiohttp, in a process of its own, for when the generator's own appetite
counts.

`python -m loadtests.light URL`, told by `PAYPROOF_LOAD_*` like the other. The same schedule, the same record.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import orjson
import uvloop

from loadtests.clock import cpu_s, moment_s, wait, wall_s
from loadtests.dispatcher import Arrivals, Queue, started
from loadtests.ear import EVERY, push_lag_s
from loadtests.merchant import PAYMENTS, Errand, Merchant, order
from loadtests.output import RecordFile
from loadtests.recorder import Recorder
from loadtests.settings import LoadSettings, LoadSettingsError
from loadtests.users.tipper import ROOM, STREAMER

KINDS = frozenset({"tipper", "room_tipper"})
# aiohttp takes the connection that has lain longest. Of 1,500 that a spike has left at 200 a second each would be used
# every eight seconds: kept longer than that, none would ever be given up.
KEPT_S = 1.0


class Light:
    """One run."""

    def __init__(self, settings: LoadSettings, recorder: Recorder, arrivals: Arrivals, *, url: str) -> None:
        self._settings = settings
        self._recorder = recorder
        self._arrivals = arrivals
        self._merchant = Merchant(settings)
        self._url = url
        self._session: aiohttp.ClientSession
        self._crowd: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """
        Send every tip at its time and wait for the last answer.
        """
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S)
        timeout = aiohttp.ClientTimeout(total=self._settings.answer_s)
        async with aiohttp.ClientSession(
            self._url, connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        ) as self._session:
            if "room_tipper" in self._settings.visitors:
                room = {"id": ROOM, "streamer_id": STREAMER, "title": "the hall", "fee_basis_points": 3000}
                await self._post("/api/v1/rooms", room)
            scheduled = self._arrivals.scheduled()
            async with asyncio.TaskGroup() as crowd:
                if scheduled is None:
                    errands = self._arrivals.unending()
                    for _ in range(self._settings.in_flight):
                        crowd.create_task(self._one_after_another(errands))
                else:
                    await self._on_schedule(scheduled, crowd)

    async def _on_schedule(self, errands: Iterator[Errand], crowd: asyncio.TaskGroup) -> None:
        queue, self._crowd = Queue(self._settings.in_flight), crowd
        for errand in errands:
            early_s = errand.intended_s - moment_s()
            if early_s > 0:
                await wait(early_s)
            started(self._recorder, errand)
            if queue.enter(errand):
                crowd.create_task(self._visits(errand, queue))

    async def _one_after_another(self, errands: Iterator[Errand]) -> None:
        for errand in errands:
            started(self._recorder, errand)
            await self._tip(errand)

    async def _visits(self, errand: Errand | None, queue: Queue) -> None:
        while errand is not None:
            await self._tip(errand)
            errand = queue.following()

    async def _tip(self, errand: Errand) -> None:
        more = {"purpose": "tip", "room_id": ROOM, "buyer_id": f"fan{errand.lot % 5000}"}
        body = order(errand, **(more if errand.kind == "room_tipper" else {}))
        status, told_when, answered = await self._post(PAYMENTS, body)
        end_s = moment_s()
        recorder = self._recorder
        recorder.ended(errand.kind, intended_s=errand.intended_s, end_s=end_s, status=status, retry_after=told_when)
        if 200 <= status < 300:
            recorder.accepted(errand.kind, errand.number, intended_s=errand.intended_s)
            if b'"pay_params":null' not in answered:
                recorder.params(errand.kind, intended_s=errand.intended_s, end_s=end_s)
            if self._crowd is not None and errand.number % EVERY == 0:
                self._crowd.create_task(self._hear(errand, orjson.loads(answered)["id"]))

    async def _hear(self, errand: Errand, payment_id: str) -> None:
        """
        Watch one payment in so many to its end; at capacity nobody does, for there only payments are counted.
        """
        target = f"{PAYMENTS}/{payment_id}/events"
        signed = self._merchant.signed("GET", target, timestamp=int(wall_s()))
        try:
            async with self._session.get(target, headers=signed.headers) as stream:
                lag_s = await push_lag_s(stream.content)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return
        if lag_s is not None:
            self._recorder.pushed(errand.kind, intended_s=errand.intended_s, lag_s=lag_s)

    async def _post(self, target: str, body: dict[str, object]) -> tuple[int, bool, bytes]:
        signed = self._merchant.signed("POST", target, timestamp=int(wall_s()), body=body)
        try:
            async with self._session.post(target, data=signed.body, headers=signed.headers) as answer:
                return answer.status, "Retry-After" in answer.headers, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, False, b""


async def main(url: str, settings: LoadSettings) -> None:
    """
    Run, and write the last line.
    """
    file = RecordFile(Path(settings.record_file))
    began_s = moment_s()
    recorder = Recorder(file.write, began_s=began_s, began_at_s=wall_s())
    arrivals = Arrivals(settings, worker=0, began_s=began_s)
    await Light(settings, recorder, arrivals, url=url).run()
    recorder.close(moment_s(), cpu_s=cpu_s())
    file.close()


def _told() -> LoadSettings:
    told = LoadSettings.read()
    if strangers := told.visitors.keys() - KINDS:
        raise LoadSettingsError(f"the light generator only tips; {min(strangers)} comes with --generator locust")
    return told


if __name__ == "__main__":
    try:
        chosen = _told()
    except LoadSettingsError as error:
        sys.exit(f"light: {error}")
    uvloop.run(main(sys.argv[1], chosen))
