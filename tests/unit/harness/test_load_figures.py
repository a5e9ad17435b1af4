from datetime import timedelta

import pytest

from harness.audit import audit
from harness.load.books import Books
from harness.load.figures import Figures, summary_of
from harness.load.judge import judge
from harness.load.limits import Limit
from harness.load.plan import LoadPlan
from harness.load.record import LoadRecord, Numbers
from harness.load.yardstick import Signed, Yardstick
from harness.verdict import Verdict
from tests.unit.harness.rows import NOON, order, payment, postings, trade, webhook
from tests.unit.harness.test_audit import WITNESSED
from tests.unit.harness.test_load_record import line

PLAN = LoadPlan(shape="steady", rate=50, duration_s=10, seed=7)
KEYS = {
    "shape", "channel_mix", "settled", "payments_per_s", "lost", "credited_twice", "refused", "latency_ms", "params_ms",
    "settle_ms", "push_ms", "rsa_sign_per_s", "rsa_bound_per_s", "bound_ratio", "sign_share", "durability", "cpu_s",
    "limited_by", "verdict",
}  # fmt: skip


def told(number, *, after_s, answered=200):
    event = webhook(number, event=f"e{number}", answered=answered)
    values = {name: getattr(event, name) for name in type(event).__slots__}
    return type(event)(**{**values, "received_at": NOON + timedelta(seconds=after_s)})


def clean():
    return audit(book=[trade()], ledger=[(payment(), None)], webhooks=[webhook()], witness=WITNESSED)


def figures(*, books=None, limits=(), failures=(), cpu_s=None, yardstick=None, statuses=None):
    record = LoadRecord(began_at=NOON, ended=1, failures=list(failures))
    record.add(line(statuses={"201": 2, "429": 1, "500": 1, "0": 1} if statuses is None else statuses))
    return Figures(
        record=record,
        books=books if books is not None else Books(began_at=NOON, forgotten=Numbers()),
        cpu_s={"gateway": 1.0} if cpu_s is None else cpu_s,
        limits=limits,
        yardstick=yardstick,
    )


def settled(count, *, after_s=4.0):
    books = Books(began_at=NOON, forgotten=Numbers())
    books.add_events([told(number, after_s=after_s) for number in range(1, count + 1)], unacked=set())
    return books


def summary(made):
    report = clean()
    return summary_of(PLAN, made, report, verdict=judge(PLAN, made, report).verdict, elapsed_s=1.0)


def test_settled_is_acked_and_told_once():
    books = Books(began_at=NOON, forgotten=Numbers())
    events = [told(1, after_s=2), told(2, after_s=4), told(2, after_s=90), told(3, after_s=8),
              told(4, after_s=9, answered=500)]  # fmt: skip

    books.add_events(events, unacked={"pp000003"})

    assert (books.settled, books.last_at) == (2, NOON + timedelta(seconds=4))


def test_the_lag_runs_from_the_buyers_paying_to_the_commit():
    books = Books(began_at=NOON, forgotten=Numbers())
    paid = trade(1)
    books.add_trade(type(paid)(**{**{n: getattr(paid, n) for n in type(paid).__slots__},
                                  "paid_at": NOON + timedelta(seconds=3)}))  # fmt: skip
    at = (NOON + timedelta(seconds=3.5)).isoformat()
    (credit,) = postings(990)
    books.add_payment(payment(1, credits=(type(credit)(entry_id="e", amount_fen=990, at=at),)))

    assert books.settle.max_us == 500_000
    assert list(books.settle_by_second) == [3]


def test_the_summary_has_the_keys_and_invents_nothing():
    told_by = summary(figures(books=settled(2)))

    assert told_by.keys() >= KEYS
    assert told_by["payments_per_s"] == pytest.approx(0.5)
    assert (told_by["sent"], told_by["refused"], told_by["unanswered"]) == (5, 1, 2)
    assert told_by["cpu_s"] == {"generator": None, "gateway": 1.0, "providers": None, "database": None, "redis": None}
    for unmeasured in ("push_ms", "rsa_sign_per_s", "bound_ratio", "sign_share", "durability", "limited_by"):
        assert told_by[unmeasured] is None


def test_ratios_are_taken_by_the_yardstick():
    yardstick = Yardstick(Signed(6000, 1 / 3000), Signed(6000, 1 / 3000))
    cpu_s = {"generator": 9.0, "harness": 1.0, "gateway": 2.0, "providers": 2.0, "database": 1.0, "redis": 0.0}
    made = figures(books=settled(4000), yardstick=yardstick, cpu_s=cpu_s)

    assert (made.bound_per_s, made.payments_per_s, made.bound_ratio) == (2000, 1000, 0.5)
    # Three times four thousand signatures, a third of a millisecond each, out of five seconds.
    assert made.sign_share == pytest.approx(0.8)
    assert made.spent_s()["generator"] == 10.0


def test_a_machine_that_was_not_the_same_before_and_after_gives_no_ratio():
    made = figures(books=settled(10), yardstick=Yardstick(Signed(6000, 1 / 3000), Signed(5600, 1 / 2800)))

    assert (made.bound_ratio, made.bound_per_s is not None) == (None, True)


def test_nothing_settled_is_no_rate():
    assert summary(figures())["payments_per_s"] is None


def test_a_busy_simulator_makes_it_unknown_and_never_the_gateways_fault():
    judgement = judge(PLAN, figures(limits=[Limit("simulator", "the simulator used 97% of its core")]), clean())

    assert (judgement.verdict, judgement.findings) == (Verdict.UNKNOWN, [])
    assert "the simulator used 97% of its core" in judgement.reasons


def test_money_lost_is_a_failure_however_busy_the_machine_was():
    lost = audit(book=[trade()], ledger=[(payment(status="PENDING", credited=()), None)], webhooks=[webhook()],
                 witness=WITNESSED)  # fmt: skip

    assert judge(PLAN, figures(limits=[Limit("generator", "full")]), lost).verdict is Verdict.FAIL


def test_a_promise_that_the_gateway_forgot_is_a_failure():
    forgotten = Numbers()
    forgotten.add(1, 3)
    books = Books(began_at=NOON, forgotten=forgotten)
    books.add_payment(payment(1))
    books.add_payment(payment(2))

    judgement = judge(PLAN, figures(books=books), clean())

    assert judgement.verdict is Verdict.FAIL
    assert [finding.order for finding in judgement.findings] == ["pp000003"]


def test_what_a_visitor_saw_is_a_failure():
    seen = [("double_clicker", order(1), "one Idempotency-Key made 2 payments")]

    judgement = judge(PLAN, figures(failures=seen), clean())

    assert judgement.verdict is Verdict.FAIL
    assert judgement.findings[0].id == "idempotency/opened-once"
