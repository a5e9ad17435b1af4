"""The router's choice and the circuit's table: every pair, every obstacle, shares that come out as configured."""

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from reference_gateway.domain.breaker import (
    CIRCUIT_STEPS,
    BreakerRules,
    CircuitEvent,
    CircuitState,
    Tally,
    is_too_much,
)
from reference_gateway.domain.routing import Candidate, RouteAsk, RouteTraits, asked_for, choose

CIRCUIT = """
closed    trip    open
closed    cool    closed
closed    answer  closed
closed    failure closed
open      trip    open
open      cool    half_open
open      answer  open
open      failure open
half_open trip    open
half_open cool    half_open
half_open answer  closed
half_open failure open
"""


def test_the_circuit_has_every_pair_and_each_goes_where_it_is_told():
    told = {
        (CircuitState(state), CircuitEvent(event)): CircuitState(to)
        for state, event, to in (line.split() for line in CIRCUIT.split("\n") if line)
    }
    assert told == CIRCUIT_STEPS
    assert set(CIRCUIT_STEPS) == set(product(CircuitState, CircuitEvent))


@pytest.mark.parametrize(
    ("answered", "failed", "too_much"),
    [(0, 0, False), (0, 19, False), (0, 20, True), (11, 10, False), (10, 10, True), (500, 499, False)],
)
def test_a_circuit_opens_by_share_and_never_by_a_few_calls(answered, failed, too_much):
    assert is_too_much(Tally(answered, failed), BreakerRules()) is too_much


def candidate(channel: str, **changes) -> Candidate:
    made = Candidate(channel=channel, products=frozenset({"qr"}), traits=RouteTraits(fee_bp=60))
    return replace(made, **changes)


def ask(lot: int = 0, **changes) -> RouteAsk:
    return replace(RouteAsk(product="qr", region="CN", lot=f"pay{lot}"), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"products": frozenset({"app"})}, "has no product qr"),
        ({"traits": RouteTraits(weight=0)}, "has weight 0"),
        ({"traits": RouteTraits(regions=frozenset({"HK", "MO"}))}, "serves HK, MO only, not CN"),
        ({"circuit": CircuitState.OPEN, "tally": Tally(1, 29)}, "its circuit is open: 29 of 30 calls failed lately"),
        ({"circuit": CircuitState.HALF_OPEN, "probing": True}, "its one probe is under way"),
    ],
)
def test_an_obstacle_leaves_a_channel_out_and_is_explained(changes, words):
    choice = choose(ask(), [candidate("a", **changes), candidate("b")])
    assert choice.channel == "b"
    assert choice.reason == "b is the only channel that can take it"
    assert words in choice.weighings[0].reason
    assert choice.weighings[0].share == 0


def test_a_region_that_was_not_told_is_no_region():
    far = candidate("a", traits=RouteTraits(regions=frozenset({"HK"})))
    choice = choose(ask(region=None), [far])
    assert choice.channel is None
    assert "no region was told" in choice.weighings[0].reason
    assert choose(ask(region="HK"), [far]).channel == "a"


def drawn(*candidates: Candidate, lots: int = 4000) -> Counter[str | None]:
    return Counter(choose(ask(lot), candidates).channel for lot in range(lots))


def test_shares_follow_weights():
    seen = drawn(candidate("a", traits=RouteTraits(weight=300)), candidate("b", traits=RouteTraits(weight=100)))
    assert 0.72 < seen["a"] / 4000 < 0.78


def test_shares_follow_what_was_answered_lately_and_never_die_out():
    seen = drawn(candidate("a", tally=Tally(50, 50)), candidate("b", tally=Tally(100, 0)))
    assert 0.30 < seen["a"] / 4000 < 0.37
    assert drawn(candidate("a", tally=Tally(0, 19)), candidate("b"))["a"] > 0


def test_a_cheaper_channel_gets_more():
    seen = drawn(candidate("dear", traits=RouteTraits(fee_bp=300)), candidate("cheap", traits=RouteTraits(fee_bp=20)))
    assert seen["cheap"] > 2 * seen["dear"]


def test_the_same_payment_draws_the_same_lot_whatever_the_order_of_the_channels():
    both = [candidate("a"), candidate("b")]
    for lot in range(50):
        assert choose(ask(lot), both) == choose(ask(lot), both[::-1])


def test_a_choice_tells_the_lot_and_every_weighing():
    choice = choose(ask(), [candidate("a", circuit=CircuitState.HALF_OPEN, tally=Tally(9, 1)), candidate("b")])
    assert choice.reason.startswith(f"{choice.channel} drew the lot ")
    assert choice.weighings[0].reason == (
        "weight 100, 9 of 10 calls answered lately, fee 0.60 %: share 792000; "
        "it is on probation and this would be its probe"
    )
    assert choice.weighings[1].reason == "weight 100, no calls lately, fee 0.60 %: share 880000"


def test_a_merchants_own_choice_is_explained_too():
    assert asked_for("alipay").reason == "the merchant asked for alipay"
