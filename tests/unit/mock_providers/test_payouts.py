"""
Payouts: lawful steps, numbers, pages.
"""

from datetime import UTC, datetime
from itertools import product

import pytest

from mock_providers.core.books.payouts import Payout, Payouts, PayoutState
from mock_providers.core.money import Fen
from mock_providers.errors import BookRefused

T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
P = PayoutState
LAWFUL = {(P.PROCESSING, P.SUCCEEDED), (P.PROCESSING, P.FAILED), (P.PROCESSING, P.RETURNED), (P.SUCCEEDED, P.RETURNED)}


def asked(payouts: Payouts, number: str = "b1") -> Payout:
    return payouts.open(Payout("alipay", "m", number, f"no-{number}", Fen(100), "csq@sandbox.example", T0))


@pytest.mark.parametrize(("before", "after"), list(product(PayoutState, PayoutState)))
def test_each_step_is_lawful_or_refused(before, after):
    payouts = Payouts()
    payout = asked(payouts)
    payout.state = before
    if (before, after) in LAWFUL:
        payouts.settle(payout, after, now=T0)
        assert (payout.state, payout.settled_at) == (after, T0)
    else:
        with pytest.raises(BookRefused, match="cannot be"):
            payouts.settle(payout, after, now=T0)
        assert payout.state is before


def test_a_payout_is_found_by_both_numbers_and_on_its_page():
    payouts = Payouts()
    made = [asked(payouts, f"b{number}") for number in range(5)]
    assert payouts.by_number("alipay", "m", "b3") is payouts.by_order_no("alipay", "no-b3") is made[3]
    assert payouts.by_number("alipay", "other", "b3") is None
    first, cursor = payouts.page(after=0, limit=3, provider="alipay")
    assert cursor is not None
    rest, end = payouts.page(after=cursor, limit=3, provider=None)
    assert ([*first, *rest], end) == (made, None)
    payouts.clear()
    assert list(payouts) == []
