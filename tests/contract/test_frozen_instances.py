"""An instance that stands still in the middle of a transaction holds up the others for a while, and never for good."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from reference_gateway.domain.transitions import AttemptStatus
from reference_gateway.errors import StoreUnavailable
from reference_gateway.store.sql_store import SqlStore
from tests.contract.samples import ACCOUNTS, NOW, SOON, event, payment, refund

pytestmark = pytest.mark.asyncio
SILENT_S = 0.3
# Far more than it should take, and less than for ever.
PATIENCE_S = 5.0


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    """A store with some work in it."""
    made = SqlStore(database_url)
    await made.open()
    async with made() as unit:
        await unit.insert_payments([payment(n, poll_at=SOON, attempt=AttemptStatus.UNKNOWN) for n in (1, 2)])
        await unit.insert_refund(refund(1, poll_at=SOON))
        await unit.add_outbox([event(1, due_at=SOON)])
        await unit.open_accounts(ACCOUNTS)
        await unit.commit()
    try:
        yield made
    finally:
        await made.close()


@pytest_asyncio.fixture
async def soon_tired(database_url: str) -> AsyncIterator[SqlStore]:
    """The same, on connections that are soon tired of silence."""
    made = SqlStore(database_url, silent_s=SILENT_S)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def test_who_starts_leaves_to_the_others_what_they_have_in_hand(store):
    async with store() as holding, store() as unit, asyncio.timeout(PATIENCE_S):
        assert set(await holding.lock_payments([payment(1).out_trade_no])) == {payment(1).out_trade_no}
        await unit.resume_unfinished(NOW)
        await unit.commit()

    async with store() as unit:
        assert [one.id for one in await unit.claim_polls(NOW, lease_until=SOON, limit=9)] == ["pay2"]
        assert len(await unit.claim_refunds(NOW, lease_until=SOON, limit=9)) == 1
        assert len(await unit.claim_outbox(NOW, lease_until=SOON, limit=9)) == 1


async def test_a_transaction_that_falls_silent_is_ended_and_its_locks_are_free(store, soon_tired):
    number = payment(1).out_trade_no
    async with soon_tired() as silent:
        await silent.lock_payments([number])
        async with store() as unit, asyncio.timeout(PATIENCE_S):
            assert set(await unit.lock_payments([number])) == {number}
        with pytest.raises(StoreUnavailable):
            await silent.lock_payments([number])

    async with soon_tired() as again:
        assert set(await again.lock_payments([number])) == {number}
