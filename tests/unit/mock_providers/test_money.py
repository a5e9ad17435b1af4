"""
Fen in, yuan texts out, and nothing that is not exact.
"""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_providers.core.money import fen_from_yuan, yuan_text


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_every_amount_survives_the_text(amount_fen):
    assert fen_from_yuan(yuan_text(amount_fen)) == amount_fen


@pytest.mark.parametrize(
    ("value", "fen"),
    [("1", 100), ("1.5", 150), ("0.01", 1), (Decimal("1.5"), 150), (Decimal("0.01"), 1), (7, 700), ("0", 0)],
)
def test_texts_and_exact_numbers_are_read(value, fen):
    assert fen_from_yuan(value) == fen


TEXTS: list[object] = ["", "-1", "+1", "1.", ".5", "1.001", "1e2", " 1", "1,00", "\uff11", "9" * 13]
NUMBERS: list[object] = [1.5, True, None, [], -1, 10**12, *map(Decimal, ("1.001", "-1", "NaN", "Infinity", "1e999999"))]


@pytest.mark.parametrize("value", TEXTS + NUMBERS)
def test_anything_else_is_refused(value):
    with pytest.raises(ValueError):
        fen_from_yuan(value)


def test_a_negative_amount_can_be_written():
    assert yuan_text(-105) == "-1.05"
