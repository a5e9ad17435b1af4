"""
Stories made shorter: an order goes with everything about it, and a move gives up one thing at a time.
"""

import pytest

from harness.machines.moves import Move, Story
from harness.machines.shorten import plain, without_order


def opened(**told):
    return Move(what="open", told={"channel": "alipay", "amount_fen": 100, **told})


def at_once(*parts):
    return Move(what="at_once", told={"parts": [part.to_json() for part in parts]})


def pay(order):
    return Move(what="pay", order=order)


def look(order):
    return Move(what="look", order=order)


@pytest.mark.parametrize(
    ("order", "left"),
    [
        (1, (opened(amount_fen=2), Move(what="crash"), pay(1), at_once(look(1)))),
        (2, (opened(amount_fen=1), pay(1), Move(what="crash"), at_once(pay(1)))),
    ],
)
def test_an_order_goes_with_all_that_is_about_it_and_the_others_move_up(order, left):
    moves = (
        opened(amount_fen=1),
        pay(1),
        opened(amount_fen=2),
        Move(what="crash"),
        pay(2),
        at_once(pay(1), look(2)),
    )

    assert without_order(Story(seed=1, moves=moves), order).moves == left


def test_moves_at_once_go_with_the_last_of_them():
    story = Story(seed=1, moves=(opened(), at_once(pay(1), look(1))))

    assert without_order(story, 1).moves == ()


@pytest.mark.parametrize(
    ("move", "plainer"),
    [
        (opened(), []),
        (opened(amount_fen=7), [opened()]),
        (opened(clicks=3, faults=[{"fault": "busy"}]), [opened(clicks=3), opened(faults=[{"fault": "busy"}])]),
        (
            Move(what="refund", order=1, told={"shares": [3, 4]}),
            [
                Move(what="refund", order=1, told={"shares": [4]}),
                Move(what="refund", order=1, told={"shares": [3]}),
            ],
        ),
        (Move(what="refund", order=1, told={"shares": [3]}), []),
        (at_once(pay(1), look(1)), [look(1), pay(1)]),
        (
            at_once(pay(1), look(1), pay(2)),
            [at_once(look(1), pay(2)), at_once(pay(1), pay(2)), at_once(pay(1), look(1))],
        ),
    ],
)
def test_a_move_gives_up_one_thing_at_a_time(move, plainer):
    given_up = [Move.from_json(one.to_json()) for one in plain(move)]

    assert sorted(map(repr, given_up)) == sorted(map(repr, plainer))
