"""Two gateway processes on one PostgreSQL: identical requests, identical notifies, closes, refunds; the money is exact."""

import pytest

from tests.contract.race_world import RaceWorld

pytestmark = [pytest.mark.asyncio, pytest.mark.processes]
ROUNDS = 20


async def test_requests_notifies_refunds_and_closes_are_exact_between_two_gateways(database_url, tmp_path):
    world = RaceWorld(tmp_path)
    try:
        await world.open(database_url.partition("host=")[2])
        for number in range(ROUNDS):
            told = await world.payments.round(number)
            assert told["ok"], (number, told)
        assert await world.books_agree()
    finally:
        await world.close()
