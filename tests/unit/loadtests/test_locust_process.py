"""
Generators in processes of their own, against a few lines of aiohttp that can stall.
"""

import asyncio
import json

import pytest
from aiohttp import web

from harness.load.generator import GeneratorRun, run_light, run_locust
from harness.load.record import read_record

RATE, STALL_S = 100, 2.0


class Gateway:
    """
    Answers every payment at once, but for a stall that begins with one of them.
    """

    def __init__(self, *, stalls_at=0):
        self.stalls_at = stalls_at
        self.orders = []
        self.awake = asyncio.Event()
        self.awake.set()

    async def create(self, request):
        self.orders.append(json.loads(await request.read())["merchant_order_no"])
        if len(self.orders) == self.stalls_at:
            self.awake.clear()
            asyncio.get_running_loop().call_later(STALL_S, self.awake.set)
        await self.awake.wait()
        status = 429 if len(self.orders) % 10 == 0 and not self.stalls_at else 201
        return web.json_response({"id": "pay1", "pay_params": {}}, status=status)

    async def __aenter__(self):
        app = web.Application()
        app.router.add_post("/api/v1/payments", self.create)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_):
        await self.runner.cleanup()

    def run(self, folder, *, duration_s, rate=RATE, workers=1):
        values = {
            "app_id": "app1",
            "secret": "s",
            "record_file": str(folder / "load.ndjson"),
            "rate": str(rate),
            "duration_s": str(duration_s),
            "workers": str(workers),
            "run_nonce": "run1",
        }
        return GeneratorRun(
            url=f"http://127.0.0.1:{self.runner.addresses[0][1]}",
            values=values,
            duration_s=duration_s,
            log_file=folder / "generator.log",
            workers=workers,
        )


@pytest.mark.processes
@pytest.mark.asyncio
@pytest.mark.parametrize(("generator", "workers"), [(run_locust, 1), (run_locust, 2), (run_light, 1)])
async def test_every_tip_is_sent_on_schedule_once_and_counted(tmp_path, generator, workers):
    async with Gateway() as gateway:
        await generator(gateway.run(tmp_path, duration_s=0.5, rate=60, workers=workers))

    record = read_record(tmp_path / "load.ndjson")
    assert sorted(gateway.orders) == [f"pp{number:06d}-run1" for number in range(1, 31)]
    assert (record.opened.started, record.opened.accepted, record.opened.refused) == (30, 27, 3)
    assert (record.ended, record.accepted.count, record.opened.without_retry_after) == (workers, 27, 3)


@pytest.mark.processes
@pytest.mark.asyncio
@pytest.mark.parametrize("generator", [run_locust, run_light])
async def test_a_stall_is_seen_by_everybody_who_came_meanwhile(tmp_path, generator):
    async with Gateway(stalls_at=51) as gateway:
        await generator(gateway.run(tmp_path, duration_s=4))

    record = read_record(tmp_path / "load.ndjson")
    latency = record.opened.latency
    assert record.opened.started == 4 * RATE
    # Whoever came during the stall waited for its end: 200 of them, evenly from two seconds down to nothing.
    # A busy machine holds up a few more; without the stall's own crowd there would be next to none.
    assert (STALL_S - 0.1) * RATE - 15 <= latency.above(100) <= (STALL_S - 0.1) * RATE + 60
    assert latency.above(1000) == pytest.approx((STALL_S - 1.0) * RATE, abs=15)
    assert latency.above(1500) == pytest.approx((STALL_S - 1.5) * RATE, abs=15)
    assert latency.max_us / 1e6 == pytest.approx(STALL_S, abs=0.3)
    # The generator itself was on time: the stall is the gateway's.
    assert record.opened.lag.percentile_ms(50) < 50
