"""
Somebody else's gateway under load, spoken to by its driver: here a few lines that answer as told.
"""

from typing import Any

import pytest

from harness.load.driven import run_driven
from harness.load.record import read_record
from harness.sut.contract import Outcome, Reply
from tests.unit.harness.rows import payment


class Gateway:
    """
    Refuses every fifth payment, and of every seventh nobody knows.
    """

    def __init__(self):
        self.asked = []

    async def create(self, wanted):
        self.asked.append(wanted)
        number = int(wanted.subject[-6:])
        if number % 5 == 0:
            return Reply(outcome=Outcome.REFUSED, status=429, code="busy")
        if number % 7 == 0:
            return Reply(outcome=Outcome.UNKNOWN, status=200, detail="gibberish")
        return Reply(outcome=Outcome.OK, status=201, value=payment(number, qr_code="https://qr"))


def values(folder, **more):
    told = {"app_id": "a", "secret": "s", "record_file": str(folder / "r"), "run_nonce": "run1", "rate": "200"}
    return {**told, "duration_s": "0.1", **more}


@pytest.mark.asyncio
async def test_a_driver_is_asked_on_schedule_and_believed_when_it_says_yes(tmp_path):
    gateway: Any = Gateway()
    await run_driven(gateway, values(tmp_path))

    record = read_record(tmp_path / "r")
    assert sorted(wanted.merchant_order_no for wanted in gateway.asked) == [f"pp{n:06d}-run1" for n in range(1, 21)]
    assert record.opened.statuses == {201: 14, 429: 4, 0: 2}
    assert list(record.accepted) == [n for n in range(1, 21) if n % 5 and n % 7]
    assert (record.ended, record.opened.params.count) == (1, 14)


@pytest.mark.asyncio
async def test_a_driver_can_be_asked_for_as_much_as_comes_back(tmp_path):
    gateway: Any = Gateway()
    await run_driven(gateway, values(tmp_path, shape="capacity", in_flight_max="3"))

    assert read_record(tmp_path / "r").opened.started == len(gateway.asked) > 3
