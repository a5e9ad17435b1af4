"""Turns come in the order of asking, never more at once than may be; none while they are held back, and none is lost."""

import asyncio

from reference_gateway.service.capacity.turnstile import Turnstile


def told(story):
    async def run():
        return await story()

    return asyncio.run(run())


def test_turns_come_in_the_order_of_asking_and_never_too_many_at_once():
    async def story():
        turns = Turnstile(2)
        asked = [turns.ask() for _ in range(4)]
        before = [turn.done() for turn in asked]
        turns.give_back()
        return before, [turn.done() for turn in asked]

    assert told(story) == ([True, True, False, False], [True, True, True, False])


def test_while_they_are_held_back_no_turn_comes_and_afterwards_as_many_as_are_free():
    async def story():
        turns = Turnstile(2)
        turns.hold(back=True)
        asked = [turns.ask() for _ in range(3)]
        turns.give_back()  # of one that was given before
        held = [turn.done() for turn in asked]
        turns.hold(back=False)
        return held, [turn.done() for turn in asked]

    assert told(story) == ([False] * 3, [True] * 3)


def test_a_turn_that_nobody_wants_any_more_goes_to_the_next():
    async def story():
        turns = Turnstile(1)
        first, gone, third = (turns.ask() for _ in range(3))
        gone.cancel()
        turns.give_back()
        return first.result(), third.done() and third.result()

    assert told(story) == (True, True)


def test_who_waits_when_it_is_closed_is_told_that_no_turn_comes_and_so_is_who_asks_later():
    async def story():
        turns = Turnstile(1)
        turns.hold(back=True)
        waiting = turns.ask()
        turns.close()
        return waiting.result(), turns.ask().result()

    assert told(story) == (False, False)
