"""
Keyed chance: the same question, the same answer; another seed, another answer; evenly spread.
"""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.rng import keyed_digest, keyed_digits, keyed_letters


@given(st.integers(), st.lists(st.text(), max_size=4))
def test_the_same_question_has_one_answer(seed, parts):
    assert keyed_digest(seed, *parts) == keyed_digest(seed, *parts)
    assert keyed_digits(9, seed, *parts) == keyed_digits(9, seed, *parts)


@given(st.text(), st.text())
def test_parts_never_run_into_each_other(left, right):
    if right:
        assert keyed_digest(1, left, right) != keyed_digest(1, left + right)
        assert keyed_digest(1, left, right) != keyed_digest(1, left + right[0], right[1:])


def test_numbers_are_spread_evenly():
    units = [int(keyed_digits(9, 7, str(number))) / 10**9 for number in range(10_000)]
    tenths = [sum(low <= unit < high for unit in units) for low, high in pairwise(n / 10 for n in range(11))]
    assert all(850 < count < 1150 for count in tenths)


def test_seeds_differ():
    assert len({keyed_digest(seed, "x") for seed in range(100)}) == 100


def test_numbers_have_their_length_and_alphabet():
    assert all(len(keyed_digits(26, 1, str(n))) == 26 and keyed_digits(26, 1, str(n)).isdigit() for n in range(50))
    letters = "".join(keyed_letters(21, 1, str(n)) for n in range(50))
    assert len(letters) == 21 * 50
    assert set(letters) == set("0123456789abcdefghijklmnopqrstuvwxyz")
