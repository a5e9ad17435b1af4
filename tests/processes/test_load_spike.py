"""
A spike of tips into one room, over real processes: a gateway with little room refuses politely and loses nothing.
"""

import asyncio

import pytest

from harness.gather import settle_world
from harness.ids import Ids
from harness.load.books import read_books
from harness.load.generator import GeneratorRun, run_light
from harness.load.record import read_record
from harness.load.worlds import SIMULATOR_ENV
from harness.verdict import Verdict
from harness.world.home import Home
from harness.world.processes import ProcessesPlan, ProcessesWorld

RATE, SECONDS = 8, 6
PATIENCE_S = 60.0
# So little room that twenty times the rate does not fit in.
GATEWAY_ENV = {"GATEWAY_CALLS_MAX": "2", "GATEWAY_WAITED_MAX": "4", "GATEWAY_ADMITTED_MAX": "8"}


def the_run(world, folder):
    values = {
        "app_id": world.gateway.app.app_id,
        "secret": world.gateway.app.secret,
        "record_file": str(folder / "load.ndjson"),
        "shape": "spike",
        "rate": str(RATE),
        "duration_s": str(SECONDS),
        "run_nonce": world.ids.run_nonce,
    }
    return GeneratorRun(url=world.gateway.url, values=values, duration_s=SECONDS, log_file=folder / "generator.log")


@pytest.mark.processes
@pytest.mark.asyncio
async def test_a_spike_into_one_room_is_refused_politely_and_nothing_is_lost(tmp_path):
    with Home(tmp_path / "home", notice=lambda _: None) as home:
        plan = ProcessesPlan(
            home=home, run_dir=tmp_path, ids=Ids(7), simulator_env=SIMULATOR_ENV, gateway_env=GATEWAY_ENV
        )
        world = await ProcessesWorld.open(plan)
        try:
            await run_light(the_run(world, tmp_path))
            record = await asyncio.to_thread(read_record, tmp_path / "load.ndjson")
            promised = record.accepted.count
            assert await settle_world(world, patience_s=PATIENCE_S)
            books, report = await read_books(
                world, accepted=record.accepted, began_at=record.began_at, seed=7, replay="", doubts=[]
            )
        finally:
            await world.close()

    opened = record.opened
    assert set(opened.statuses) == {201, 202, 429}, opened.statuses
    assert (opened.without_retry_after, opened.unanswered) == (0, 0)
    assert promised == opened.accepted
    # Every promise stands in the gateway's books, was paid, and went all the way round once.
    assert (books.forgotten.count, report.verdict, report.findings) == (0, Verdict.PASS, ())
    assert report.paid == books.settled == promised
