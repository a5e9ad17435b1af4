"""When orders are to be ended, and the attempts made: asked of memory and of PostgreSQL alike."""

from dataclasses import replace
from typing import Any

import pytest

from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.transitions import AttemptStatus, OrderEvent
from tests.contract.samples import NOW, SOON, payment

pytestmark = pytest.mark.asyncio


async def keep(store: Any, *payments: Any) -> None:
    async with store() as unit:
        await unit.insert_payments(list(payments))
        await unit.commit()


async def test_orders_to_be_ended_are_leased_to_one_at_a_time(store):
    due = payment(1, end_at=NOW, end_event=OrderEvent.CANCEL)
    await keep(store, due, payment(2, end_at=SOON), payment(3))
    async with store() as unit, store() as other:
        [claimed] = await unit.claim_ends(NOW, lease_until=SOON, limit=9)
        assert await other.claim_ends(NOW, lease_until=SOON, limit=9) == []
        await unit.commit()
    assert (claimed.id, claimed.end_event) == ("pay1", OrderEvent.CANCEL)
    async with store() as unit:
        assert await unit.claim_ends(NOW, lease_until=SOON, limit=9) == []
        assert (await unit.next_due()).ends == SOON


async def test_an_order_that_has_ended_is_due_no_more(store):
    await keep(store, payment(1, end_at=NOW))
    async with store() as unit:
        locked = (await unit.lock_payments(["G1"]))["G1"]
        await unit.save_payments([replace(locked, end_at=None)])
        await unit.commit()
    async with store() as unit:
        assert (await unit.next_due()).ends is None


async def test_an_attempt_is_one_row_for_each_channel_and_keeps_the_reason_of_its_choice(store):
    await keep(store, payment(1))
    first = Attempt(
        payment_id="pay1",
        channel="alipay",
        product="qr",
        choice={"channel": "alipay", "reason": "asked for", "weighings": [{"share": 1}]},
        created_at=NOW,
    )
    async with store() as unit:
        await unit.insert_attempts([first, replace(first, channel="wechatpay_v3", created_at=SOON)])
        await unit.insert_attempts([replace(first, choice={"reason": "another"})])
        opened = replace(first, choice={}, status=AttemptStatus.OPENED, changed_at=SOON)
        await unit.save_attempts([opened])
        await unit.commit()
    async with store() as unit:
        one, two = await unit.attempts("pay1")
        assert await unit.attempts("pay2") == []
    assert one == replace(first, status=AttemptStatus.OPENED, changed_at=SOON)
    assert (two.channel, two.status) == ("wechatpay_v3", AttemptStatus.REQUESTED)
