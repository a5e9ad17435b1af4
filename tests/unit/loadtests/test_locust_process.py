"""
Locust itself, in a process of its own, against a few lines of aiohttp.
"""

import json

import pytest
from aiohttp import web

from harness.load.generator import LocustRun, run_locust
from harness.load.record import read_record

PAYMENTS = 30


@pytest.mark.processes
@pytest.mark.asyncio
async def test_every_tip_is_sent_on_schedule_once_and_written_down(tmp_path):
    orders = []

    async def create(request):
        body = json.loads(await request.read())
        orders.append(body["merchant_order_no"])
        status = 429 if len(orders) % 10 == 0 else 201
        return web.json_response({}, status=status)

    app = web.Application()
    app.router.add_post("/api/v1/payments", create)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    values = {
        "app_id": "app1",
        "secret": "s",
        "record_file": str(tmp_path / "load.ndjson"),
        "rate": "60",
        "duration_s": "0.5",
        "run_nonce": "run1",
    }
    run = LocustRun(
        url=f"http://127.0.0.1:{runner.addresses[0][1]}",
        values=values,
        duration_s=0.5,
        log_file=tmp_path / "locust.log",
    )

    await run_locust(run)
    await runner.cleanup()

    record = read_record(tmp_path / "load.ndjson")
    assert sorted(orders) == [f"pp{number:06d}-run1" for number in range(1, PAYMENTS + 1)]
    assert sum(request.accepted for request in record.requests) == 27
    assert sum(request.refused for request in record.requests) == 3
    intended = sorted(request.intended_s for request in record.requests)
    assert intended[-1] - intended[0] == pytest.approx((PAYMENTS - 1) / 60)
    assert all(request.lag_ms >= 0 for request in record.requests)
