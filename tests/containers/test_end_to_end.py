"""One run from the buyer to the webhook over the containers' servers, audited."""

import asyncio

import pytest

from harness.clock import SystemClock
from harness.gather import audit_world, settle_world
from harness.history import History
from harness.ids import Ids
from harness.traffic import Traffic, TrafficPlan
from harness.verdict import Verdict
from harness.world.home import Home
from harness.world.processes import ProcessesPlan, ProcessesWorld
from tests.containers.conftest import made_from

pytestmark = pytest.mark.processes
PAYMENTS = 20


def test_twenty_payments_over_the_containers_are_clean(postgres_url, redis_url, tmp_path):
    async def story():
        (tmp_path / "run").mkdir()
        database_url = await made_from(postgres_url, "from_nothing", "template1")
        with Home(tmp_path / "home") as home:
            plan = ProcessesPlan(
                home=home,
                run_dir=tmp_path / "run",
                ids=Ids(7),
                database_url=database_url,
                redis_url=redis_url,
            )
            world = await ProcessesWorld.open(plan)
            history = History(SystemClock())
            try:
                await Traffic(world, TrafficPlan(payments=PAYMENTS), history=history).run()
                assert await settle_world(world, patience_s=30)
                return await audit_world(world, ours=world.ids.ours, history=history)
            finally:
                await world.close()
                history.close()

    report = asyncio.run(story())
    assert report.verdict is Verdict.PASS, (report.reasons, report.findings)
    assert (report.paid, report.lost, report.credited_twice, report.mismatched) == (PAYMENTS, 0, 0, 0)
