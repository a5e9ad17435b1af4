"""The pure rules of the live rooms: shares of a tip, stock, the split of a red packet, draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_gateway.chance import SeededRng, SystemRng
from reference_gateway.domain.accounts import source_account
from reference_gateway.domain.goods import StockStatus
from reference_gateway.domain.red_packet import COUNT_MAX, split
from tests.contract.samples import payment, posting
from tests.contract.samples_live import good, room


@given(st.integers(1, 10**9), st.integers(0, 10_000))
def test_a_tip_is_shared_without_a_fen_left_over(amount_fen, fee_basis_points):
    platform_fen = room(fee_basis_points=fee_basis_points).platform_fen(amount_fen)
    assert 0 <= platform_fen <= amount_fen
    assert platform_fen * 10_000 <= amount_fen * fee_basis_points


@given(st.integers(1, COUNT_MAX), st.integers(0, 10**7), st.integers(0))
def test_a_split_is_exact_and_leaves_nobody_out(count, more_fen, seed):
    parts = split(count + more_fen, count, SeededRng(seed).below)
    assert (len(parts), sum(parts)) == (count, count + more_fen)
    assert min(parts) >= 1


@given(st.integers(1, 50), st.integers(0, 1000), st.data())
def test_a_split_is_exact_whatever_is_drawn(count, more_fen, data):
    parts = split(count + more_fen, count, lambda limit: data.draw(st.integers(0, limit - 1)))
    assert (len(parts), sum(parts), min(parts) >= 1) == (count, count + more_fen, True)


def test_a_split_gives_early_and_late_claims_the_same_on_average():
    rng = SeededRng(3)
    drawn = [split(1000, 10, rng.below) for _ in range(2000)]
    means = [sum(parts[n] for parts in drawn) / len(drawn) for n in range(10)]
    assert max(means) < 1.15 * min(means)


@pytest.mark.parametrize(("amount_fen", "count"), [(2, 3), (0, 1), (5, 0)])
def test_what_cannot_be_split_says_so(amount_fen, count):
    with pytest.raises(ValueError, match="at least 1 fen"):
        split(amount_fen, count, SeededRng(1).below)


def test_draws_are_the_same_for_the_same_seed_and_within_their_limit():
    one, two = SeededRng(7), SeededRng(7)
    drawn = [one.below(6) for _ in range(200)]
    assert drawn == [two.below(6) for _ in range(200)]
    assert set(drawn) == set(range(6))
    assert 0 <= SystemRng().below(3) < 3


def test_every_unit_of_stock_is_in_one_place():
    fresh = good(available=5)
    held = fresh.reserve(2)
    sold, back = held.settle(2, StockStatus.DEDUCTED), held.settle(2, StockStatus.RETURNED)
    counts = [(one.available, one.reserved, one.sold) for one in (held, sold, back)]
    assert counts == [(3, 2, 0), (3, 0, 2), (5, 0, 0)]


@given(st.integers(1, 10**6), st.data())
def test_the_entries_of_a_posting_sum_to_zero(amount_fen, data):
    part_fen = data.draw(st.integers(0, amount_fen))
    entries = posting(amount_fen=amount_fen, splits=(("app:rival", part_fen),)).entries()
    assert sum(fen for _, fen in entries) == 0
    assert all(fen for _, fen in entries)


def test_money_comes_from_the_channel_or_from_the_buyers_wallet():
    assert source_account(payment()) == "channel:alipay"
    assert source_account(payment(channel="wallet", buyer_id="b1")) == "wallet:live:b1"
