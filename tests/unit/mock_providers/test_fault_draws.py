"""
Many draws in one long number: each comes out as it would alone, and strikes where it is below its rule's threshold.
"""

from hypothesis import given
from hypothesis import strategies as st

from mock_providers.faults.draws import BITS, Draws, stirred, strikes

DRAW = st.integers(min_value=0, max_value=BITS)
RULES = st.lists(st.tuples(DRAW, st.integers(min_value=0, max_value=BITS + 1)), max_size=60)


@given(DRAW, RULES)
def test_each_rule_draws_as_if_it_were_alone(asked, rules):
    salts, thresholds = [salt for salt, _ in rules], [threshold for _, threshold in rules]
    struck = Draws(salts, thresholds).struck(asked)
    alone = [stirred(asked ^ salt) < threshold for salt, threshold in rules]
    assert [strikes(struck, place) for place in range(len(rules))] == alone
    assert bool(struck) is any(alone)


@given(DRAW, DRAW)
def test_whether_a_rule_strikes_hangs_on_its_draw_and_on_nothing_else(asked, salt):
    drawn = stirred(asked ^ salt)
    assert Draws([salt], [drawn]).struck(asked) == 0
    assert strikes(Draws([salt], [drawn + 1]).struck(asked), 0)


def test_the_known_answers_of_splitmix64():
    # The first numbers of the published generator with the seed 0.
    gamma = 0x9E3779B97F4A7C15
    assert [stirred(gamma * number & BITS) for number in (1, 2, 3)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]
