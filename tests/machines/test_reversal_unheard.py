"""
Reversals that are not told in one answer: nobody lived to hear it, the buyer having paid while the trade was being
ended; or a refund was under way when the provider gave everything back, and found nothing left.
"""

import pytest

from harness.machines.again import live_again
from harness.machines.grounds import InProcessGround
from harness.machines.moves import Move, Story
from tests.keys import copy_keys

SLOW = {"fault": "delay", "seconds": 2.0}
OPENED = Move(what="open", told={"channel": "alipay_v3", "amount_fen": 100})
STORY = Story(
    seed=44,
    turns=(0,),
    moves=(
        OPENED,
        Move(what="strike", order=1, told={"fault": {**SLOW, "on": "close"}}),
        Move(what="close", order=1),
        Move(what="advance", told={"seconds": 1.0}),
        Move(what="pay", order=1),
        # Another order, over whose opening the first one's cancellation leaves; then the gateway dies.
        Move(what="open", told={**OPENED.told, "faults": [{**SLOW, "on": "reply"}], "paid": True}),
        Move(what="crash", told={"turns": 18}),
    ),
)

LATE = {"fault": "held_up", "seconds": 3.0, "on": "reply"}
BESIDE_A_REFUND = Story(
    seed=261,
    turns=(0,),
    moves=(
        Move(what="open", told={"channel": "alipay", "amount_fen": 100, "faults": [LATE]}),
        Move(what="at_once", told={"parts": [{"what": "close", "order": 1}, {"what": "crash", "turns": 6}]}),
        Move(what="pay", order=1),
        Move(what="refund", order=1, told={"shares": [50]}),
    ),
)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    return copy_keys(tmp_path_factory.mktemp("credentials"))


def test_what_a_dead_gateway_had_reversed_is_found_by_the_next(credentials):
    lived = live_again(STORY, InProcessGround(credentials, seed=44, channels=("alipay_v3",)))

    assert (lived.findings, lived.settled) == ((), True)
    [book, _] = [line.value for line in lived.history if line.kind == "book"]
    assert (book["paid_fen"], book["refunded_fen"]) == (100, 100), "the story did not come to its point"
    [ledger, _] = [line.value for line in lived.history if line.kind == "ledger"]
    assert (ledger["credits"], ledger["debits"]) == ([100], [100])


def test_what_a_reversal_gave_back_beside_a_refund_that_found_nothing_left_is_booked(credentials):
    lived = live_again(BESIDE_A_REFUND, InProcessGround(credentials, seed=261, channels=("alipay",)))

    assert (lived.findings, lived.settled) == ((), True)
    [book] = [line.value for line in lived.history if line.kind == "book"]
    told = [line.value["type"] for line in lived.history if line.kind == "webhook"]
    assert (book["paid_fen"], book["refunded_fen"]) == (100, 100), "the story did not come to its point"
    assert "refund.failed" in told, "the refund found something left"
    [ledger] = [line.value for line in lived.history if line.kind == "ledger"]
    assert (ledger["credits"], ledger["debits"], ledger["refund_status"]) == ([100], [100], "FULL")
