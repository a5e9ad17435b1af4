"""GroupCommit: batches, merging, splitting, cancelled callers, failures that leave nothing busy."""

import asyncio
from collections.abc import Mapping

import pytest

from reference_gateway.errors import ConstraintBroken, StoreConflict, StoreUnavailable
from reference_gateway.store.group_commit import CONFLICT_TRIES_MAX, GroupCommit

pytestmark = pytest.mark.asyncio


class Recorder:
    """An apply that remembers its batches and can be held up."""

    def __init__(self, lanes: int = 1) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.bad: dict[str, Exception] = {}
        self.commits: GroupCommit[str, int, str] = GroupCommit(self.apply, batch_max=8, lanes=lanes)

    async def apply(self, batch: Mapping[str, int]) -> Mapping[str, str]:
        self.batches.append(list(batch))
        await self.gate.wait()
        for key in batch:
            if key in self.bad:
                raise self.bad[key]
        # The answers come back in another order and only once for each key.
        return {key: f"{key}={item}" for key, item in reversed(list(batch.items()))}

    def submit(self, key: str, item: int = 0) -> "asyncio.Future[str]":
        return self.commits.submit(key, item)


async def turns(count: int = 5) -> None:
    """Let the tasks that are ready run."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        turned = loop.create_future()
        loop.call_soon(turned.set_result, None)
        await turned


async def test_what_arrives_during_a_commit_shares_the_next_one():
    recorder = Recorder()
    recorder.gate.clear()
    first = recorder.submit("a", 1)
    await turns()
    rest = [recorder.submit(key, n) for n, key in enumerate("bcd")]
    await turns()
    recorder.gate.set()
    assert await asyncio.gather(first, *rest) == ["a=1", "b=0", "c=1", "d=2"]
    assert recorder.batches == [["a"], ["b", "c", "d"]]


async def test_duplicates_are_merged_and_all_are_answered():
    recorder = Recorder()
    answers = await asyncio.gather(*(recorder.submit("a", n) for n in range(5)), recorder.submit("b", 9))
    assert answers == ["a=0"] * 5 + ["b=9"]
    assert recorder.batches == [["a", "b"]]


async def test_a_batch_has_a_limit():
    recorder = Recorder()
    keys = [f"k{n}" for n in range(20)]
    await asyncio.gather(*(recorder.submit(key) for key in keys))
    assert [len(batch) for batch in recorder.batches] == [8, 8, 4]


async def test_one_bad_row_fails_alone():
    recorder = Recorder()
    recorder.bad["c"] = ConstraintBroken("c breaks a rule")
    answers = await asyncio.gather(*(recorder.submit(key) for key in "abcdefg"), return_exceptions=True)
    assert [a for a in answers if isinstance(a, str)] == [f"{key}=0" for key in "abdefg"]
    assert isinstance(answers[2], ConstraintBroken)
    assert not recorder.commits.busy


async def test_a_store_that_is_away_is_not_asked_row_by_row():
    recorder = Recorder()
    recorder.bad["a"] = StoreUnavailable()
    answers = await asyncio.gather(*(recorder.submit(key) for key in "abcd"), return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert recorder.batches == [["a", "b", "c", "d"]]


async def test_an_exception_does_not_leave_it_busy():
    recorder = Recorder()
    recorder.bad["a"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await recorder.submit("a")
    assert not recorder.commits.busy
    del recorder.bad["a"]
    assert await recorder.submit("a", 3) == "a=3"


async def test_a_lost_race_is_tried_again_and_given_up_in_the_end():
    recorder = Recorder()
    recorder.bad["a"] = StoreConflict()
    with pytest.raises(StoreConflict):
        await recorder.submit("a")
    assert recorder.batches == [["a"]] * CONFLICT_TRIES_MAX


async def test_a_cancelled_caller_does_not_kill_the_committer():
    recorder = Recorder()
    recorder.gate.clear()
    first, second = recorder.submit("a"), recorder.submit("b")
    await turns()
    first.cancel()
    await turns()
    recorder.gate.set()
    assert await second == "b=0"
    assert first.cancelled()
    assert await recorder.submit("c") == "c=0"


async def test_what_nobody_wants_any_more_is_not_begun():
    recorder = Recorder()
    recorder.gate.clear()
    first, second, third = recorder.submit("a"), recorder.submit("b"), recorder.submit("c")
    await turns(1)
    waiting = recorder.submit("d")
    await turns()
    waiting.cancel()
    await turns()
    recorder.gate.set()
    await asyncio.gather(first, second, third)
    await recorder.commits.drain()
    assert all("d" not in batch for batch in recorder.batches)


async def test_a_missing_answer_is_an_error_and_not_a_hang():
    async def forgetful(batch: Mapping[str, int]) -> Mapping[str, str]:
        return dict.fromkeys(list(batch)[1:], "x")

    commits: GroupCommit[str, int, str] = GroupCommit(forgetful)
    answers = await asyncio.gather(commits.submit("a", 1), commits.submit("b", 2), return_exceptions=True)
    assert isinstance(answers[0], LookupError)
    assert answers[1] == "x"


async def test_abort_cancels_those_who_wait():
    recorder = Recorder()
    recorder.gate.clear()
    first = recorder.submit("a")
    await turns()
    second = recorder.submit("b")
    await turns()
    recorder.commits.abort()
    await asyncio.wait({first, second})
    assert first.cancelled()
    assert second.cancelled()
    assert not recorder.commits.busy


async def test_what_comes_after_a_crash_is_never_applied():
    recorder = Recorder()
    recorder.commits.abort()

    late = recorder.submit("late")
    await asyncio.wait([late])

    assert late.cancelled()
    assert recorder.batches == []


async def test_a_batch_begins_beside_another_once_as_many_wait():
    recorder = Recorder(lanes=2)
    recorder.gate.clear()
    first = [recorder.submit(key) for key in "ab"]
    await turns()
    second = [recorder.submit("c")]
    await turns()
    assert recorder.batches == [["a", "b"]]
    second += [recorder.submit("d")]
    await turns()
    assert recorder.batches == [["a", "b"], ["c", "d"]]
    third = [recorder.submit(key) for key in "efg"]
    await turns()
    assert len(recorder.batches) == 2, "there are two lanes"
    recorder.gate.set()
    await asyncio.gather(*first, *second, *third)
    assert sorted(key for batch in recorder.batches for key in batch) == list("abcdefg")
    assert not recorder.commits.busy


async def test_who_is_alone_takes_whatever_waits():
    recorder = Recorder(lanes=2)
    recorder.gate.clear()
    first = [recorder.submit(key) for key in "abc"]
    await turns()
    late = recorder.submit("d")
    await turns()
    recorder.gate.set()
    assert await late == "d=0"
    await asyncio.gather(*first)
    assert recorder.batches == [["a", "b", "c"], ["d"]]


async def test_a_key_that_is_in_hand_is_not_taken_up_beside_it():
    recorder = Recorder(lanes=2)
    recorder.gate.clear()
    first = recorder.submit("a", 1)
    await turns()
    again, other = recorder.submit("a", 2), recorder.submit("b", 3)
    await turns()
    assert recorder.batches == [["a"], ["b"]]
    recorder.gate.set()
    assert [await first, await again, await other] == ["a=1", "a=2", "b=3"]
    assert recorder.batches == [["a"], ["b"], ["a"]]


async def test_abort_and_drain_reach_every_lane():
    recorder = Recorder(lanes=2)
    recorder.gate.clear()
    tasks = [recorder.submit("a")]
    await turns()
    tasks += [recorder.submit("b")]
    await turns()
    tasks += [recorder.submit("c")]
    await turns()
    assert recorder.batches == [["a"], ["b"]]
    recorder.commits.abort()
    await recorder.commits.drain()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    assert not recorder.commits.busy
