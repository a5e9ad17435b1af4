"""
What each fault makes of a plain plan, at each place where it may strike, and what that costs a client.
"""

from pathlib import Path

import pytest

from mock_providers.core.plans import (
    PLAIN_DELIVERY,
    PLAIN_REPLY,
    AnswerShape,
    DayChange,
    DeliveryPlan,
    Hold,
    Kind,
    PlannedDelivery,
    ReplyPlan,
    Seal,
)
from mock_providers.faults.duplicate import Duplicate
from mock_providers.faults.plan import compose_notify, compose_reply
from mock_providers.faults.registry import FAULTS

TRUE = PlannedDelivery(Kind.TRUE)

# Fault, parameters, what becomes of a plain reply, whether a correct client gets nothing out of the exchange.
REPLIES = [
    ("delay", {"seconds": 2}, ReplyPlan(delay_s=2), False),
    ("held_up", {"seconds": 2}, ReplyPlan(delay_before_s=2), False),
    ("timeout_after", {}, ReplyPlan(hang_up="close"), True),
    ("timeout_after", {"hold_s": 30}, ReplyPlan(delay_s=30, hang_up="close"), True),
    ("timeout_before", {"hold_s": 30}, ReplyPlan(work=False, delay_s=30, hang_up="close"), True),
    ("reset_after", {}, ReplyPlan(hang_up="reset"), True),
    ("reset_before", {}, ReplyPlan(work=False, hang_up="reset"), True),
    ("http_error", {"status": 503}, ReplyPlan(work=False, status=503), True),
    ("http_error", {"status": 500, "work": True}, ReplyPlan(status=500), True),
    ("system_error", {}, ReplyPlan(shape=AnswerShape(refuse="system_error")), True),
    ("system_error", {"work": False}, ReplyPlan(shape=AnswerShape(refuse="system_error", work=False)), True),
    ("busy", {}, ReplyPlan(shape=AnswerShape(refuse="busy", work=False)), True),
    ("in_process", {}, ReplyPlan(shape=AnswerShape(refuse="in_process")), True),
    ("refuse", {"code": "X"}, ReplyPlan(shape=AnswerShape(refuse="X", work=False)), True),
    ("another_answer", {}, ReplyPlan(shape=AnswerShape(astray="order")), True),
    ("another_answer", {"which": "amount"}, ReplyPlan(shape=AnswerShape(astray="amount")), True),
    ("bad_signature", {}, ReplyPlan(shape=AnswerShape(seal=Seal.DAMAGED)), True),
    ("wrong_key", {}, ReplyPlan(shape=AnswerShape(seal=Seal.FOREIGN)), True),
    ("unsigned", {}, ReplyPlan(shape=AnswerShape(seal=Seal.NONE)), True),
    ("foreign_chain", {}, ReplyPlan(shape=AnswerShape(seal=Seal.FOREIGN_CHAIN)), True),
    ("wrong_certificate_name", {}, ReplyPlan(shape=AnswerShape(seal=Seal.WRONG_NAME)), True),
    ("expired_certificate", {}, ReplyPlan(shape=AnswerShape(seal=Seal.EXPIRED)), True),
    ("signature_downgrade", {}, ReplyPlan(shape=AnswerShape(seal=Seal.WEAKER)), True),
    ("certificate_rotation", {}, ReplyPlan(shape=AnswerShape(seal=Seal.NEXT)), True),
    ("signature_probe", {}, ReplyPlan(shape=AnswerShape(probe=True)), True),
    ("truncated", {"share": 0.25}, ReplyPlan(cut=0.25), True),
    ("slow_drip", {"seconds": 3}, ReplyPlan(drip_s=3), False),
    ("malformed_body", {}, ReplyPlan(mangle=True), True),
    ("stale_timestamp", {"seconds": 600}, ReplyPlan(shape=AnswerShape(stale_s=600)), True),
    ("clock_skew", {"seconds": 30}, ReplyPlan(shape=AnswerShape(stale_s=-30)), False),
    ("clock_skew", {"seconds": -300}, ReplyPlan(shape=AnswerShape(stale_s=300)), True),
    ("other_spelling", {"spelling": "braces"}, ReplyPlan(shape=AnswerShape(spelling="braces")), False),
    ("rolled_back", {}, ReplyPlan(shape=AnswerShape(undone=True)), True),
    ("coupon", {"off_fen": 9}, ReplyPlan(shape=AnswerShape(coupon_fen=9)), False),
    ("says_flawed", {}, ReplyPlan(shape=AnswerShape(flawed=True)), False),
    ("says_finished", {}, ReplyPlan(shape=AnswerShape(finished=True)), False),
    ("refund_fails", {}, ReplyPlan(shape=AnswerShape(refund_fails=True)), True),
    ("refund_fails", {"stuck_s": 9}, ReplyPlan(shape=AnswerShape(refund_fails=True, stuck_s=9)), True),
    ("before_response", {"patience_s": 4}, ReplyPlan(after_notify_s=4), False),
]


def one(**changes) -> DeliveryPlan:
    return DeliveryPlan(deliveries=(PlannedDelivery(**{"kind": Kind.TRUE, **changes}),))


def before(kind: Kind, **changes) -> DeliveryPlan:
    return DeliveryPlan(deliveries=(PlannedDelivery(kind, **changes), PlannedDelivery(Kind.TRUE, wave=1)))


def after(kind: Kind, **changes) -> DeliveryPlan:
    return DeliveryPlan(deliveries=(TRUE, PlannedDelivery(kind, **{"wave": 1, **changes})))


# The same for a plain attempt to deliver.
NOTIFIES = [
    ("delay", {"seconds": 2}, DeliveryPlan(delay_s=2), False),
    ("drop", {}, DeliveryPlan(lost=True), True),
    ("drop_all", {}, DeliveryPlan(ladder_over=True), True),
    ("duplicate", {}, after(Kind.DUPLICATE), False),
    ("duplicate", {"spacing_s": 5}, after(Kind.DUPLICATE, offset_s=5), False),
    ("duplicate", {"concurrent": True}, after(Kind.DUPLICATE, wave=0), False),
    ("coupon", {"off_fen": 9}, one(coupon_fen=9), False),
    ("says_finished", {}, one(finished=True), False),
    ("says_finished", {"after_s": 9}, after(Kind.DUPLICATE, offset_s=9, finished=True), False),
    ("says_flawed", {}, one(flawed=True), False),
    ("says_failed", {}, one(kind=Kind.STRAY, failed=True), True),
    ("reorder", {"behind": 2, "hold_s": 5}, DeliveryPlan(hold=Hold(2, 5)), False),
    ("after_close", {"hold_s": 5}, DeliveryPlan(hold=Hold(1, 5, calls=("close", "cancel", "reverse"))), False),
    ("refund_before_payment", {"hold_s": 5}, DeliveryPlan(hold=Hold(1, 5, event="refund")), False),
    ("settlement_day", {"cut_hour": 23}, DeliveryPlan(day_change=DayChange(23, 1.0)), False),
    ("forged_signature", {}, before(Kind.FORGED, seal=Seal.FOREIGN), False),
    ("forged_signature", {"seal": "damaged"}, before(Kind.FORGED, seal=Seal.DAMAGED), False),
    (
        "forged_signature",
        {"seal": "damaged", "misread": "sign_type"},
        before(Kind.FORGED, seal=Seal.DAMAGED, misread="sign_type"),
        False,
    ),
    ("forged_signature", {"seal": "none"}, before(Kind.FORGED, seal=Seal.NONE), False),
    (
        "forged_signature",
        {"method": "unknown"},
        before(Kind.FORGED, seal=Seal.FOREIGN, unknown_method=True),
        False,
    ),
    ("signature_probe", {}, before(Kind.PROBE, seal=Seal.FOREIGN), False),
    ("wrong_key", {}, one(kind=Kind.FORGED, seal=Seal.FOREIGN), True),
    ("foreign_chain", {}, one(kind=Kind.FORGED, seal=Seal.FOREIGN_CHAIN), True),
    ("wrong_certificate_name", {}, one(kind=Kind.FORGED, seal=Seal.WRONG_NAME), True),
    ("expired_certificate", {}, one(kind=Kind.FORGED, seal=Seal.EXPIRED), True),
    ("signature_downgrade", {}, one(kind=Kind.FORGED, seal=Seal.WEAKER), True),
    ("certificate_rotation", {}, one(seal=Seal.NEXT), True),
    ("tampered_amount", {"add_fen": 7}, before(Kind.TAMPERED, add_fen=7), False),
    ("tampered_amount", {"signed": False}, before(Kind.TAMPERED, add_fen=100, seal=Seal.DAMAGED), False),
    ("wrong_recipient", {}, before(Kind.STRAY, wrong=frozenset({"merchant"})), False),
    ("wrong_recipient", {"which": "app"}, before(Kind.STRAY, wrong=frozenset({"app"})), False),
    ("unknown_order", {}, before(Kind.STRAY, wrong=frozenset({"order"})), False),
    ("unknown_order", {"number": "G7"}, before(Kind.STRAY, wrong=frozenset({"order"}), order="G7"), False),
    ("replayed_notify", {"after_s": 9}, after(Kind.REPLAYED, offset_s=9), False),
    ("stale_timestamp", {"seconds": 600}, before(Kind.REPLAYED, stale_s=600), False),
    ("clock_skew", {"seconds": 299}, one(stale_s=-299), False),
    ("wrong_encoding", {}, one(charset="gbk"), True),
    ("extra_fields", {"count": 3}, one(extra_fields=3), False),
    ("other_spelling", {"spelling": "short_amounts"}, one(spelling="short_amounts"), False),
    ("ack_ignored", {}, one(ignore_ack=True), False),
    ("slow_reading", {"seconds": 9}, one(read_slowly_s=9), False),
]


def bare(plan: DeliveryPlan) -> DeliveryPlan:
    """
    The plan without the names of the faults, which `faults_of` compares.
    """
    copies = tuple(
        PlannedDelivery(**{field: getattr(copy, field) for field in copy.__slots__ if field != "fault"})
        for copy in plan.deliveries
    )
    return DeliveryPlan(copies, plan.delay_s, plan.day_change, plan.hold, plan.lost, plan.ladder_over)


@pytest.mark.parametrize(("name", "settings", "expected", "costs"), REPLIES)
def test_a_plain_answer_becomes(name, settings, expected, costs):
    fault = FAULTS[name](**settings)
    plan = compose_reply([fault])
    assert plan.faults == (name,)
    assert {field: getattr(plan, field) for field in plan.__slots__ if field != "faults"} == {
        field: getattr(expected, field) for field in plan.__slots__ if field != "faults"
    }
    assert fault.costs("reply") is costs


@pytest.mark.parametrize(("name", "settings", "expected", "costs"), NOTIFIES)
def test_a_plain_attempt_becomes(name, settings, expected, costs):
    fault = FAULTS[name](**settings)
    plan = compose_notify([fault])
    assert {*plan.faults, *(copy.fault for copy in plan.deliveries if copy.fault)} == {name}
    assert bare(plan) == bare(expected)
    assert fault.costs("notify") is costs


def test_every_fault_stands_in_the_tables_at_each_of_its_places():
    told = {(name, "reply") for name, *_ in REPLIES} | {(name, "notify") for name, *_ in NOTIFIES}
    assert told == {(name, place) for name, fault in FAULTS.items() for place in fault.places}


def test_every_fault_and_setting_stands_in_the_readme():
    page = (Path(__file__).parents[3] / "mock_providers" / "README.md").read_text()
    words = {name for fault in FAULTS.values() for name in (fault.name, *fault.model_fields)}
    assert {word for word in words if f"`{word}`" not in page} == set()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_leaves_the_other_place_alone(name):
    needed: dict[str, dict[str, object]] = {"delay": {"seconds": 1}, "refuse": {"code": "X"}}
    fault = FAULTS[name].model_validate(needed.get(name, {}))
    if "reply" not in fault.places:
        assert compose_reply([fault]) == PLAIN_REPLY
    if "notify" not in fault.places:
        assert compose_notify([fault]) == PLAIN_DELIVERY


def test_what_is_done_to_the_truth_is_done_to_its_duplicates_and_to_no_lie():
    faults = [FAULTS["duplicate"](), FAULTS["tampered_amount"](), FAULTS["extra_fields"](), FAULTS["wrong_encoding"]()]
    plan = compose_notify(faults)
    assert [(copy.kind, copy.extra_fields, copy.charset) for copy in plan.deliveries] == [
        (Kind.TAMPERED, 0, ""), (Kind.TRUE, 1, "gbk"), (Kind.DUPLICATE, 1, "gbk"),
    ]  # fmt: skip


def test_a_new_certificate_makes_no_lie_good():
    faults = [FAULTS["expired_certificate"](), FAULTS["certificate_rotation"]()]
    assert compose_reply(faults).shape.seal is Seal.EXPIRED
    assert {(copy.kind, copy.seal) for copy in compose_notify(faults).deliveries} == {(Kind.FORGED, Seal.EXPIRED)}


@pytest.mark.parametrize("seal", Seal)
def test_a_vendor_plays_what_it_has_and_a_stranger_for_the_rest(seal):
    own = {Seal.TRUE, Seal.NEXT, Seal.DAMAGED, Seal.FOREIGN, Seal.NONE}
    assert seal.among() is (seal if seal in own else Seal.FOREIGN)
    assert seal.among(Seal.WEAKER) is (seal if seal in own | {Seal.WEAKER} else Seal.FOREIGN)
    assert PlannedDelivery(Kind.TRUE, seal=seal).forged is (seal not in {Seal.TRUE, Seal.NEXT})


def test_under_a_wrong_key_no_copy_can_end_the_ladder():
    plan = compose_notify([FAULTS["wrong_key"](), Duplicate(copies=2)])
    assert {(copy.kind, copy.seal) for copy in plan.deliveries} == {(Kind.FORGED, Seal.FOREIGN)}
