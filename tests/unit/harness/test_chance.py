"""
Where a hunt's chance comes from: the seed, whatever else is imported.
"""

import importlib
import sys

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from harness.machines.chance import chance_of

# What no story of ours would draw by chance, as a module of somebody's has it.
ODD = "PRICES = [" + ", ".join(str(31_337 + 61 * number) for number in range(900)) + "]\n"


def drawn(seeded, strategy, *, count=120):
    values: list[object] = []
    with chance_of(seeded) as backend:

        @seed(1)
        @settings(backend=backend, max_examples=count, database=None, deadline=None)
        @given(strategy)
        def take(value):
            values.append(value)

        take()
    return values


@pytest.fixture
def odd_module(tmp_path, monkeypatch):
    """Imported as somebody's own code would be."""
    folder = tmp_path.with_name("shop")
    folder.mkdir()
    (folder / "odd_prices.py").write_text(ODD)
    monkeypatch.syspath_prepend(str(folder))
    yield lambda: importlib.import_module("odd_prices")
    sys.modules.pop("odd_prices", None)


AMOUNTS = st.tuples(st.integers(1, 100_000), st.sampled_from(range(20)), st.booleans())


def test_a_module_full_of_odd_constants_changes_no_draw(odd_module):
    before = drawn(7, AMOUNTS)
    prices = set(odd_module().PRICES)
    after = drawn(7, AMOUNTS)

    assert before == after
    assert len({amount for amount, *_ in after} & prices) < 10


def test_another_seed_draws_otherwise():
    assert drawn(7, AMOUNTS) != drawn(8, AMOUNTS)


@pytest.mark.parametrize(
    ("strategy", "fits"),
    [
        (st.integers(), lambda value: isinstance(value, int)),
        (st.integers(min_value=10), lambda value: value >= 10),
        (st.integers(max_value=-10), lambda value: value <= -10),
        (st.integers(0, 2**100), lambda value: 0 <= value <= 2**100),
        (st.floats(1, 2), lambda value: 1 <= value <= 2),
        (st.floats(allow_nan=False, allow_infinity=False), lambda value: value == value),  # noqa: PLR0124 - no NaN
        (st.text("ab", min_size=2, max_size=3), lambda value: 2 <= len(value) <= 3 and set(value) <= set("ab")),
        (st.binary(min_size=1, max_size=4), lambda value: 1 <= len(value) <= 4),
        (st.lists(st.integers(0, 3), max_size=2), lambda value: len(value) <= 2),
    ],
)
def test_whatever_is_drawn_is_allowed(strategy, fits):
    values = drawn(3, strategy, count=40)

    assert all(fits(value) for value in values)
    assert len({repr(value) for value in values}) > 3


def test_every_face_of_a_die_comes_up_about_as_often():
    faces = drawn(5, st.lists(st.sampled_from(range(6)), min_size=50, max_size=50), count=60)
    counts = [sum(one.count(face) for one in faces if isinstance(one, list)) for face in range(6)]

    assert all(400 < count < 620 for count in counts)
