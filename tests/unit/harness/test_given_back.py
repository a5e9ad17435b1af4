"""What a gateway has still to hear of money that went back: that of its own payment, not of a second one."""

import pytest

from harness.gather import given_back_fen
from tests.unit.harness.rows import payment, trade


@pytest.mark.parametrize(
    ("trades", "own_fen"),
    [
        ([trade(refunded=0)], 0),
        ([trade(refunded=400)], 400),
        ([trade(refunded=990)], 990),
        # Paid under two numbers, and the second payment has gone back: nothing of its own has.
        ([trade(1), trade(2, refunded=990)], 0),
        ([trade(1, refunded=400), trade(2, refunded=990)], 400),
        ([trade(1), trade(2)], 0),
        # Paid twice under one number.
        ([trade(paid=1980, refunded=990)], 0),
        ([trade(paid=1980, refunded=1980)], 990),
        # A part of what was held is captured, and given back.
        ([trade(paid=500, refunded=500)], 500),
    ],
)
def test_a_second_payment_that_went_back_is_no_part_of_the_orders_own_money(trades, own_fen):
    assert given_back_fen(payment(), trades) == own_fen
