"""The outbox as a feed: one order for everybody, and nothing appears behind a reader's back."""

from typing import Any

import pytest

from reference_gateway.domain.feed import FEED_START, FeedPosition, Topic
from tests.contract.samples import event, payment

pytestmark = pytest.mark.asyncio
ROOM = Topic("live", room_id="r1")


async def told(store: Any, *numbers: int, **changes: Any) -> None:
    async with store() as unit:
        await unit.add_outbox([event(number, **changes) for number in numbers])
        await unit.commit()


async def written(unit: Any, **changes: Any) -> None:
    """Write an event in earnest: what nobody wants an answer to is held back until something else is asked."""
    await unit.add_outbox([event(1, **changes)])
    await unit.insert_payments([payment()])


async def read(store: Any, after: FeedPosition, **how: Any) -> list[Any]:
    async with store() as unit:
        rows, _ = await unit.feed(after, **{"limit": 100, **how})
    return list(rows)


async def test_events_are_read_once_and_in_order_page_by_page(store):
    for number in range(1, 6):
        await told(store, number, payload=b"%d" % number)
    first = await read(store, FEED_START, limit=2)
    rest = await read(store, first[-1].position)
    assert [row.payload for row in (*first, *rest)] == [b"1", b"2", b"3", b"4", b"5"]
    assert await read(store, rest[-1].position) == []


async def test_the_position_of_now_is_behind_what_is_committed_and_before_what_comes(store):
    await told(store, 1)
    async with store() as unit:
        now = await unit.feed_position()
    assert await read(store, now) == []
    await told(store, 2, type="payment.closed")
    assert [row.type for row in await read(store, now)] == ["payment.closed"]


async def test_a_topic_is_one_payment_or_one_room_of_one_app(store):
    await told(store, 1, subject_id="pay1", room_id="r1")
    await told(store, 2, subject_id="pay2", room_id="r1")
    await told(store, 3, subject_id="pay1", app_id="rival", room_id="r1")
    topics = (Topic("live", subject_id="pay1"), ROOM, Topic("live", room_id="r2"), Topic("rival", subject_id="pay1"))
    assert [len(await read(store, FEED_START, topic=topic)) for topic in topics] == [1, 2, 0, 1]


async def test_delivering_an_event_does_not_tell_it_again(store):
    await told(store, 1)
    [row] = await read(store, FEED_START)
    async with store() as unit:
        [claimed] = await unit.claim_outbox(event().due_at, lease_until=event().due_at, limit=9)
        await unit.finish_outbox([claimed.event_id], {})
        await unit.commit()
    assert await read(store, row.position) == []
    assert await read(store, FEED_START) == [row]


async def test_an_event_that_commits_late_is_not_stepped_over(store):
    """The one that began first commits last: until then nobody may read past it."""
    async with store() as slow:
        await written(slow, room_id="r1")
        await told(store, 2, room_id="r1")
        seen = await read(store, FEED_START, topic=ROOM)
        position = seen[-1].position if seen else FEED_START
        await slow.commit()
    seen += await read(store, position, topic=ROOM)
    assert len(seen) == 2


async def test_what_has_to_wait_for_another_is_announced_and_what_is_told_is_not(store):
    async with store() as slow:
        await written(slow)
        await told(store, 2)
        for topic in (None, ROOM):
            async with store() as unit:
                rows, more_to_come = await unit.feed(FEED_START, limit=100, topic=topic)
            assert more_to_come is not bool(await read(store, FEED_START))
            assert not (rows and more_to_come)
        await slow.commit()
    async with store() as unit:
        rows, more_to_come = await unit.feed(FEED_START, limit=100)
    assert (len(rows), more_to_come) == (2, False)


async def test_a_position_is_written_and_read_and_nothing_else_is_one():
    position = FeedPosition(12, 3)
    assert FeedPosition.read(str(position)) == position
    strange = ("", "1", "1-", "-1", "1-2-3", "x-1", "\u0661-\u0661", "1-" + "9" * 19)
    assert {FeedPosition.read(text) for text in strange} == {None}
