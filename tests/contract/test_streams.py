"""Events on their way to streams, in both stores: in order, until they are marked by whoever leads."""

import asyncio

import pytest

from tests.contract.samples import NOW, event

pytestmark = pytest.mark.asyncio
ROLE = "stream-relay"


async def add(store, *events):
    async with store() as unit:
        await unit.add_outbox(list(events))
        await unit.commit()


async def begin(store, holder="i1"):
    async with store() as unit:
        token = await unit.begin_term(ROLE, holder, NOW)
        await unit.commit()
    return token


async def mark(store, token, *ids):
    async with store() as unit:
        places = [seq for seq, row in (await unit.unpublished(100)).items() if row.event_id in ids]
        marked = await unit.mark_published(places, role=ROLE, token=token)
        await unit.commit()
    return marked


async def waiting(store, limit=100):
    async with store() as unit:
        return [row.event_id for row in (await unit.unpublished(limit)).values()]


async def test_events_wait_in_the_order_of_their_commits_and_leave_when_marked(store):
    token = await begin(store)
    await add(store, event(3, subject_id="pay1"), event(1, subject_id="pay1"))
    await add(store, event(2, subject_id="pay1"))
    assert await waiting(store) == ["ev3", "ev1", "ev2"]
    assert await waiting(store, limit=2) == ["ev3", "ev1"]
    assert await mark(store, token, "ev3", "ev1")
    assert await waiting(store) == ["ev2"]
    async with store() as unit:
        assert await unit.count_unpublished() == 1
        [row] = (await unit.unpublished(9)).values()
        assert (row.event_id, row.subject_id, row.payload) == ("ev2", "pay1", event(2).payload)


async def test_a_webhook_and_a_stream_do_not_take_events_from_each_other(store):
    token = await begin(store)
    await add(store, event(1))
    async with store() as unit:
        await unit.claim_outbox(NOW, lease_until=NOW, limit=9)
        await unit.finish_outbox(["ev1"], {})
        await unit.commit()
    assert await waiting(store) == ["ev1"]
    assert await mark(store, token, "ev1")
    await add(store, event(2))
    assert await mark(store, token, "ev2")
    async with store() as unit:
        assert [row.event_id for row in await unit.claim_outbox(NOW, lease_until=NOW, limit=9)] == ["ev2"]


async def test_whose_term_is_over_marks_nothing(store):
    await add(store, event(1))
    old = await begin(store, "i1")
    new = await begin(store, "i2")
    assert new > old
    assert not await mark(store, old, "ev1")
    assert await waiting(store) == ["ev1"]
    assert await mark(store, new, "ev1")


async def test_what_another_marked_late_ends_no_term(store):
    """Who led before and was slow had marked it when the one who leads now came to it."""
    await add(store, event(1), event(2))
    token = await begin(store)
    async with store() as unit:
        read = list(await unit.unpublished(9))
    assert await mark(store, token, "ev1", "ev2")
    async with store() as unit:
        assert await unit.mark_published(read, role=ROLE, token=token)
        assert not await unit.mark_published(read, role=ROLE, token=token - 1)


async def test_an_event_that_nobody_is_sent_goes_to_the_streams_all_the_same(store):
    await add(store, event(1, due_at=None), event(2))
    async with store() as unit:
        assert await unit.outbox_unsent() == 1
        assert [row.event_id for row in await unit.claim_outbox(NOW, lease_until=NOW, limit=9)] == ["ev2"]
    assert await waiting(store) == ["ev1", "ev2"]


async def test_nobody_gets_a_token_that_another_has(store):
    tokens = await asyncio.gather(*(begin(store, f"i{n}") for n in range(8)))
    assert len(set(tokens)) == 8


async def test_what_is_not_committed_waits_for_nobody(store):
    async with store() as unit:
        await unit.add_outbox([event(1)])
    assert await waiting(store) == []
