"""
Visitors at a desk whose gateway is a script: what they ask, and what they call a failure.
"""

import json

import pytest

from loadtests.desk import Answer, Desk
from loadtests.merchant import Draw, Merchant
from loadtests.recorder import Recorder
from loadtests.users import PREPARE, VISITS
from tests.unit.loadtests.test_merchant import told

PENDING = {"id": "pay1", "status": "PENDING", "pay_params": {"qr_code": "q"}}
PAID = {**PENDING, "status": "PAID"}


class Gateway:
    """
    Answers from a script, the last line again and again.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.lines = []

    def send(self, method, target, body, headers, name):
        self.asked.append((method, target, json.loads(body) if body else None, headers, name))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def visited_by(self, kind, *, number=1):
        settings = told(crowd=f"{kind}=1")
        recorder = Recorder(self.lines.append, began_s=0.0, began_at_s=0.0)
        desk = Desk(self.send, merchant=Merchant(settings), recorder=recorder, wait=lambda seconds: None)
        if kind in PREPARE:
            PREPARE[kind](desk)
        VISITS[kind](desk, Draw(settings).errand(number, intended_s=0.0))
        recorder.close(1.0, cpu_s=0.0)
        return [json.loads(line) for line in self.lines]

    def failures(self, kind, *, number=1):
        return [line["failure"] for line in self.visited_by(kind, number=number) if "failure" in line]


@pytest.mark.parametrize("kind", sorted(VISITS))
def test_a_good_gateway_is_never_blamed(kind):
    answers = [Answer(201, {"id": "rp1", "payment": PAID, "amount_fen": 1, **PAID})]
    if kind == "red_packet":
        # Five shares for eight hands, and the first hand again.
        answers = [*answers * 6, *[Answer(409, {"code": "packet_gone"})] * 3, *answers]

    assert Gateway(*answers).failures(kind) == []


@pytest.mark.parametrize("kind", sorted(VISITS))
def test_a_gateway_without_room_is_never_blamed(kind):
    gateway = Gateway(Answer(429, {"code": "too_busy"}, {"Retry-After": "1"}))

    assert gateway.failures(kind) == []


def test_a_second_payment_for_one_key_is_a_failure():
    answers = [Answer(201, PENDING), Answer(201, {**PENDING, "id": "pay2"})]
    (words,) = Gateway(*answers).failures("double_clicker")

    assert words == "one Idempotency-Key made 2 payments: pay1, pay2"


def test_a_double_clicker_clicks_two_to_eight_times_with_one_key():
    counts = set()
    for number in range(1, 60):
        gateway = Gateway(Answer(201, PENDING))
        gateway.visited_by("double_clicker", number=number)
        keys = {headers["Idempotency-Key"] for *_, headers, _ in gateway.asked}
        bodies = {json.dumps(body) for _, _, body, _, _ in gateway.asked}
        assert (len(keys), len(bodies)) == (1, 1)
        counts.add(len(gateway.asked))

    assert counts == set(range(2, 9))


def test_a_refused_repetition_is_a_failure():
    answers = [Answer(201, PENDING), Answer(409, {"code": "order_conflict"})]

    assert "was answered 409: order_conflict" in Gateway(*answers).failures("double_clicker")[0]


@pytest.mark.parametrize("states", [("PENDING", "PAID", "PENDING"), ("PENDING", "COMPLETED"), ("COMPLETED", "PAID")])
def test_a_state_that_goes_back_or_skips_is_a_failure(states):
    answers = [Answer(201, {**PENDING, "status": state}) for state in states]

    assert len(Gateway(*answers).failures("watcher")) >= 1


def test_a_refund_number_that_makes_two_refunds_is_a_failure():
    answers = [Answer(201, PENDING), Answer(200, PAID), Answer(201, {"id": "re1"}), Answer(201, {"id": "re2"})]

    assert Gateway(*answers).failures("refunder") == ["one refund number made 2 refunds"]


def test_a_packet_that_gives_more_than_it_has_is_a_failure():
    funded = Answer(201, {"id": "rp1", "payment": PAID})
    greedy = Answer(201, {"claimant_id": "x", "amount_fen": 10_000})

    assert Gateway(funded, greedy).failures("red_packet")


def test_a_tip_goes_into_the_one_room():
    gateway = Gateway(Answer(201, PENDING))
    gateway.visited_by("room_tipper")

    room, payment = gateway.asked
    assert room[1] == "/api/v1/rooms"
    assert payment[2]["room_id"] == room[2]["id"]


def test_what_was_accepted_is_written_down_by_its_number():
    told_by = Gateway(Answer(201, PENDING)).visited_by("tipper", number=17)

    assert [line["accepted"] for line in told_by if "accepted" in line] == [[[17, 17]]]
    assert [line["params"]["max_us"] > 0 for line in told_by if "params" in line] == [True]
