"""
The tales that hold the checks: for each requirement one that keeps it, one that breaks it, and one in which it was not
put to the test.
"""

from collections.abc import Callable, Mapping

from tests.unit.harness import (
    tales_of_bills,
    tales_of_collisions,
    tales_of_endings,
    tales_of_ends,
    tales_of_mixtures,
    tales_of_refunds,
    tales_of_spikes,
    tales_of_strays,
)
from tests.unit.harness.tale import Tale

Written = Callable[[Tale], Tale]


def _rotated(*due_s: int) -> Tale:
    """Told of at these seconds, under a key of which the gateway had never heard, and refused each time."""
    tale: Tale = Tale().struck("certificate_rotation")
    for seconds in due_s:
        tale.copy(seconds, status=400, kind="true", fault="certificate_rotation")
    return tale


def _for_others(event: str) -> Tale:
    """A notify for somebody else was acknowledged, after both another merchant and another app had been laid on it."""
    tale = Tale().struck("wrong_recipient", which="merchant").struck("wrong_recipient", which="app")
    told: Tale = tale.notify("stray", fault="wrong_recipient", event=event).right()
    return told


def _kept_back(fault: str, *, on: str = "reply") -> Tale:
    """Asked for twice, with two trades at the provider, while *fault* lay on the answer to the first opening."""
    told: Tale = Tale().struck(fault, on=on).asked().asked().book().book(number="T0", paid=0, state="WAITING")
    return told


# Where the order met this, its books have to agree all the same: kept when they do, broken when they do not.
MET: Mapping[str, Written] = {
    "idempotency/ack-not-heard": lambda tale: tale.notify(fault="ack_ignored"),
    "idempotency/query-and-notify": lambda tale: tale.look("PAID", kind="sync").copy(3600, kind="true"),
    "signature/answer-tampered-not-believed": lambda tale: tale.call("open", fault="bad_signature").call("open"),
    "signature/answer-foreign-not-believed": lambda tale: tale.call("query", fault="wrong_key").call("query"),
    "signature/answer-unsigned-not-believed": lambda tale: tale.call("refund", fault="unsigned").call("refund"),
    "unknown/answer-about-another": lambda tale: (
        tale.struck("another_answer", which="order").call("query", fault="another_answer").call("query")
    ),
    "unknown/answer-other-amount": lambda tale: (
        tale.struck("another_answer", which="amount").call("query", fault="another_answer").call("query")
    ),
    "signature/answer-weaker-not-believed": lambda tale: tale.call("query", fault="signature_downgrade").call("query"),
    "signature/answer-certificate-not-believed": lambda tale: tale.call("query", fault="expired_certificate").call(
        "query"
    ),
    "signature/true-after-forged": lambda tale: tale.notify("forged", acked=False).notify(),
    "signature/other-charset-verified": lambda tale: tale.notify(fault="wrong_encoding"),
    "signature/rotated-key-followed": lambda tale: tale.struck("certificate_rotation").notify(),
    "state/paid-after-failed-attempt": lambda tale: tale.bought("wrong_password").bought(),
    "money/one-fen": lambda tale: tale.asked(1).bought(),
    "money/large-amount": lambda tale: tale.asked(10_000_000).bought(),
    "money/uneven-amount": lambda tale: tale.asked(1_999).bought(),
    "money/tampered-amount-not-credited": lambda tale: tale.notify("tampered", acked=False),
    "refund/at-once-never-above": lambda tale: tale.mark("refunds-at-once"),
    "refund/same-number-at-once": lambda tale: tale.mark("one-refund-at-once"),
    "refund/no-answer-settled": lambda tale: tale.call("refund", fault="timeout_after"),
    "refund/cut-before-settled": lambda tale: tale.call("refund", fault="timeout_before"),
    "refund/torn-settled": lambda tale: tale.call("refund", fault="reset_after"),
    "refund/system-error-settled": lambda tale: tale.call("refund", fault="system_error"),
    "refund/server-error-settled": lambda tale: tale.call("refund", fault="http_error"),
    "refund/garbled-settled": lambda tale: tale.call("refund", fault="truncated"),
    "refund/unsigned-settled": lambda tale: tale.call("refund", fault="unsigned"),
    "refund/busy-settled": lambda tale: tale.call("refund", fault="busy"),
    "refund/notice-no-payment": lambda tale: tale.notify(event="refund"),
    "refund/notice-before-payment": lambda tale: tale.struck("refund_before_payment").notify(),
    "unknown/create-no-answer": lambda tale: tale.call("open", fault="timeout_after"),
    "unknown/create-cut-before": lambda tale: tale.call("open", fault="timeout_before"),
    "unknown/create-torn-after": lambda tale: tale.call("open", fault="reset_after"),
    "unknown/create-torn-before": lambda tale: tale.call("open", fault="reset_before"),
    "unknown/create-server-error": lambda tale: tale.struck("http_error", work=True).call("open", fault="http_error"),
    "unknown/create-bad-gateway": lambda tale: tale.struck("http_error", work=False).call("open", fault="http_error"),
    "unknown/create-system-error": lambda tale: tale.call("open", fault="system_error"),
    "unknown/create-busy": lambda tale: tale.call("open", fault="busy"),
    "unknown/create-half-answer": lambda tale: tale.call("open", fault="truncated"),
    "unknown/create-garbled": lambda tale: tale.call("open", fault="malformed_body"),
    "unknown/create-late-answer": lambda tale: tale.call("open", fault="delay"),
    "unknown/create-dripped": lambda tale: tale.call("open", fault="slow_drip"),
    "unknown/query-no-answer": lambda tale: tale.call("query", fault="timeout_after"),
    "unknown/query-server-error": lambda tale: tale.call("query", fault="http_error"),
    "unknown/query-garbled": lambda tale: tale.call("query", fault="malformed_body"),
    "unknown/query-tampered": lambda tale: tale.call("query", fault="bad_signature"),
    "notify/none-came": lambda tale: tale.struck("drop_all").bought(),
    "notify/first-rungs-lost": lambda tale: tale.struck("drop").notify(),
    "notify/a-day-late": lambda tale: tale.mark("a-day-late"),
    "notify/days-later-again": lambda tale: tale.copy(0).copy(3 * 86_400),
    "notify/slow-reader": lambda tale: tale.struck("slow_reading").notify(),
    "notify/old-one-again": lambda tale: tale.notify("replayed").refund(fen=1, ends="fail"),
    "notify/unknown-order": lambda tale: tale.mark("unknown-order"),
    "order-of-arrival/notify-before-answer": lambda tale: tale.call("open", fault="before_response"),
    "order-of-arrival/later-rung-first": lambda tale: tale.struck("reorder").notify(),
    "order-of-arrival/paid-while-asking": lambda tale: tale.mark("paid-while-asking"),
    "order-of-arrival/paid-before-answer": lambda tale: tale.mark("paid-before-answer"),
    "order-of-arrival/refund-notice-first": lambda tale: tale.struck("refund_before_payment").notify(),
    "order-of-arrival/across-midnight": lambda tale: tale.struck("settlement_day").notify(),
    "security/replay-credits-nothing": lambda tale: tale.notify("replayed"),
    "security/many-forgeries": lambda tale: tale.mark("many-forgeries"),
    "concurrency/notifies-at-once": lambda tale: tale.mark("notifies-at-once"),
    "concurrency/clicks-at-once": lambda tale: tale.mark("clicks-at-once"),
    "concurrency/refunds-at-once": lambda tale: tale.mark("refunds-at-once"),
    "concurrency/notify-and-query-at-once": lambda tale: tale.mark("paid-while-asking"),
    "concurrency/many-buyers": lambda tale: tale.mark("many-buyers"),
    "crash/while-opening": lambda tale: tale.mark("killed-while-opening"),
    "crash/before-paying": lambda tale: tale.mark("killed-before-paying"),
    "crash/around-the-notify": lambda tale: tale.mark("killed-around-the-notify"),
    "crash/after-paying": lambda tale: tale.mark("killed-after-paying"),
    "crash/while-refunding": lambda tale: tale.mark("killed-while-refunding"),
    "crash/platform-still-told": lambda tale: tale.mark("killed-platform-still-told"),
    "crash/down-while-paid": lambda tale: tale.mark("killed-down-while-paid"),
}

# A lie that came: kept when it was refused, broken when it was acknowledged.
LIES: Mapping[str, Callable[[Tale, bool], Tale]] = {
    "signature/foreign-key-refused": lambda tale, acked: tale.notify("forged", acked=acked, fault="wrong_key"),
    "money/other-currency-refused": lambda tale, acked: tale.struck("tampered_amount", currency="USD").notify(
        "tampered", acked=acked, fault="tampered_amount"
    ),
    "signature/weaker-method-refused": lambda tale, acked: tale.notify(
        "forged", acked=acked, fault="signature_downgrade"
    ),
    "signature/another-name-refused": lambda tale, acked: tale.notify(
        "forged", acked=acked, fault="wrong_certificate_name"
    ),
    "signature/expired-certificate-refused": lambda tale, acked: tale.notify(
        "forged", acked=acked, fault="expired_certificate"
    ),
    "signature/foreign-chain-refused": lambda tale, acked: tale.notify("forged", acked=acked, fault="foreign_chain"),
    "signature/unsigned-refused": lambda tale, acked: tale.struck("forged_signature", seal="none").notify(
        "forged", acked=acked, fault="forged_signature"
    ),
    "signature/unknown-method-refused": lambda tale, acked: tale.struck("forged_signature", method="unknown").notify(
        "forged", acked=acked, fault="forged_signature"
    ),
    "signature/damaged-refused": lambda tale, acked: tale.struck("forged_signature", seal="damaged").notify(
        "forged", acked=acked, fault="forged_signature"
    ),
    "signature/probe-refused": lambda tale, acked: tale.notify("probe", acked=acked).notify(),
    "money/tampered-amount-refused": lambda tale, acked: tale.notify("tampered", acked=acked),
    "notify/another-merchants": lambda tale, acked: tale.struck("wrong_recipient", which="merchant").notify(
        "stray", acked=acked, fault="wrong_recipient"
    ),
    "notify/another-apps": lambda tale, acked: tale.struck("wrong_recipient", which="app").notify(
        "stray", acked=acked, fault="wrong_recipient"
    ),
    "security/cheap-order-trick": lambda tale, acked: tale.struck("tampered_amount", signed=False).notify(
        "tampered", acked=acked, fault="tampered_amount"
    ),
    "security/misread-signature": lambda tale, acked: tale.struck("forged_signature", misread="sign_type").notify(
        "forged", acked=acked, fault="forged_signature"
    ),
    "clock/stale-stamp-refused": lambda tale, acked: tale.notify("replayed", acked=acked, fault="stale_timestamp"),
}

# A truth in an unusual dress: kept when it was acknowledged, broken when it was not.
TRUTHS: Mapping[str, Callable[[Tale, bool], Tale]] = {
    "signature/new-fields-accepted": lambda tale, acked: tale.notify(acked=acked, fault="extra_fields"),
    "clock/small-skew-accepted": lambda tale, acked: tale.notify(acked=acked, fault="clock_skew"),
    "clock/last-rung-accepted": lambda tale, acked: tale.mark("last-rung").notify(acked=acked),
}

# Everything else: (requirement, verdict, tale).
OTHERS = [
    (
        "security/cheap-order-trick",
        "UNKNOWN",  # one of them was truly signed
        Tale()
        .struck("tampered_amount", signed=True)
        .struck("tampered_amount", signed=False)
        .notify("tampered", fault="tampered_amount"),
    ),
    ("idempotency/credited-once", "PASS", Tale().notify().notify("duplicate").book().ledger(990)),
    ("idempotency/credited-once", "FAIL", Tale().notify().notify("duplicate").book().ledger(990, 990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().book().ledger(990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().notify("forged").book().ledger(990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().notify("stray").book().ledger(990)),
    ("idempotency/credited-once", "UNKNOWN", Tale().notify().notify("duplicate", acked=False).book().ledger(990)),
    ("idempotency/opened-once", "PASS", Tale().asked().asked()),
    ("idempotency/opened-once", "FAIL", Tale().asked().asked(payment_id="pay-2")),
    ("idempotency/opened-once", "UNKNOWN", Tale().asked().asked(ends="unknown")),
    ("idempotency/one-trade", "PASS", Tale().asked().asked().book()),
    ("idempotency/one-trade", "PASS", Tale().asked().asked().book().book(number="T2", paid=0, state="CLOSED")),
    ("idempotency/one-trade", "FAIL", Tale().asked().asked().book().book(number="T2", paid=0, state="WAITING")),
    ("idempotency/one-trade", "UNKNOWN", Tale().asked().book()),
    (
        "idempotency/one-trade",
        "PASS",
        Tale()
        .asked()
        .asked()
        .book()
        .book(number="T0", paid=0, state="WAITING")
        .call("open", number="T0")
        .call("open", number="T0"),
    ),
    (
        "idempotency/one-trade",
        "FAIL",
        Tale().asked().asked().book().book(number="T0", paid=0, state="WAITING").call("open", number="T0"),
    ),
    # The first opening is not written down before its answer has gone out; the second one was refused as a repetition.
    ("idempotency/one-trade", "PASS", _kept_back("delay").call("open", number="T0")),
    ("idempotency/one-trade", "FAIL", _kept_back("delay").call("open", number="T0", fault="delay")),
    ("idempotency/one-trade", "FAIL", _kept_back("timeout_after").call("open", number="T0")),
    ("idempotency/one-trade", "FAIL", _kept_back("delay", on="query").call("open", number="T0")),
    ("idempotency/asked-after-paid", "PASS", Tale().asked().bought().asked().book()),
    ("idempotency/asked-after-paid", "FAIL", Tale().asked().bought().asked().book().book(number="T2", state="WAITING")),
    ("idempotency/asked-after-paid", "UNKNOWN", Tale().asked().asked().bought().book()),
    ("idempotency/other-body-refused", "PASS", Tale().asked(kind="create_other", ends="fail")),
    ("idempotency/other-body-refused", "FAIL", Tale().asked(kind="create_other")),
    ("idempotency/other-body-refused", "UNKNOWN", Tale().asked(kind="create_other", ends="unknown")),
    ("idempotency/refund-number-once", "PASS", Tale().refund(fen=400).refund(fen=400).book(refunded=400)),
    ("idempotency/refund-number-once", "FAIL", Tale().refund(fen=400).refund(fen=400).book(refunded=800)),
    # The merchant had the order closed, the buyer paid meanwhile, and the close took all of it back.
    ("idempotency/refund-number-once", "UNKNOWN", Tale().ended().refund(fen=280).refund(fen=280).book(refunded=990)),
    ("idempotency/refund-number-once", "FAIL", Tale().ended().refund(fen=280).refund(fen=280).book(refunded=560)),
    ("idempotency/refund-number-once", "UNKNOWN", Tale().refund("a", 400).refund("b", 400).book(refunded=800)),
    ("idempotency/platform-event-repeats", "PASS", Tale().webhook(told=False).webhook()),
    ("idempotency/platform-event-repeats", "FAIL", Tale().webhook(told=False).webhook("ev2")),
    ("idempotency/platform-event-repeats", "UNKNOWN", Tale().webhook()),
    ("notify/duplicate-acked", "PASS", Tale().copy(0).copy(3600)),
    ("notify/duplicate-acked", "FAIL", Tale().copy(0).copy(3600, status=400)),
    ("notify/duplicate-acked", "FAIL", Tale().copy(3600, status=400).copy(0)),
    ("notify/duplicate-acked", "PASS", Tale().copy(0).copy(0, status=400).copy(3600)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(30, status=400)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0, status=400).copy(3600)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=503)),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=400, notify_id="n2")),
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=400, kind="forged")),
    # Told again under a key that is not known yet: it may be fetched first, and the next one is due as ever.
    ("notify/duplicate-acked", "UNKNOWN", Tale().copy(0).copy(3600, status=400, fault="certificate_rotation")),
    (
        "notify/duplicate-acked",
        "FAIL",
        Tale().copy(0).copy(3600, status=400, fault="certificate_rotation").copy(7200, status=400),
    ),
    ("notify/duplicate-acked", "PASS", Tale().copy(0).copy(3600, fault="certificate_rotation")),
    ("notify/acked-is-known", "PASS", Tale().notify().right()),
    ("notify/acked-is-known", "PASS", Tale().notify().book().ledger(status="CLOSED", refund_status="FULL")),
    ("notify/acked-is-known", "FAIL", Tale().notify().wrong()),
    ("notify/acked-is-known", "FAIL", Tale().notify().book()),
    ("notify/acked-is-known", "UNKNOWN", Tale().notify(acked=False).wrong()),
    ("notify/true-is-acked", "PASS", Tale().notify(acked=False).notify().right()),
    ("notify/true-is-acked", "FAIL", Tale().notify(acked=False).right()),
    ("notify/true-is-acked", "UNKNOWN", Tale().notify(acked=False).book()),
    ("notify/true-is-acked", "UNKNOWN", Tale().copy(0, status=400, fault="certificate_rotation").right()),
    ("notify/true-is-acked", "FAIL", _rotated(0, 15).right()),
    ("notify/true-is-acked", "FAIL", _rotated(0).copy(9, status=400).right()),
    ("notify/nothing-lost", "PASS", Tale().right()),
    ("notify/nothing-lost", "FAIL", Tale().wrong()),
    ("notify/nothing-lost", "UNKNOWN", Tale().book(paid=0).ledger(status="PENDING")),
    ("notify/platform-told-once", "PASS", Tale().right().webhook(told=False).webhook()),
    ("notify/platform-told-once", "FAIL", Tale().right().webhook().webhook("ev2")),
    ("notify/platform-told-once", "UNKNOWN", Tale().right()),
    ("notify/platform-told-amount", "PASS", Tale().right().webhook()),
    ("notify/platform-told-amount", "FAIL", Tale().right().webhook(amount=99)),
    ("notify/platform-told-amount", "UNKNOWN", Tale().right()),
    ("notify/platform-told-again", "PASS", Tale().webhook(told=False).webhook()),
    ("notify/platform-told-again", "FAIL", Tale().webhook(told=False).webhook(told=False)),
    ("notify/platform-told-again", "UNKNOWN", Tale().webhook()),
    ("signature/forged-never-acked", "PASS", Tale().notify("forged", acked=False).notify()),
    ("signature/forged-never-acked", "FAIL", Tale().notify("forged").notify()),
    ("signature/forged-never-acked", "FAIL", Tale().notify("probe").notify()),
    ("signature/forged-never-acked", "PASS", Tale().notify("probe", acked=False).notify()),
    ("signature/forged-never-acked", "UNKNOWN", Tale().notify("forged", acked=False, delivered=False).notify()),
    ("signature/forged-never-credited", "PASS", Tale().notify("forged", acked=False).book().ledger(990)),
    ("signature/forged-never-credited", "FAIL", Tale().notify("forged").book(paid=0).ledger(990)),
    ("signature/forged-never-credited", "UNKNOWN", Tale().notify().book().ledger(990)),
    ("signature/forged-never-credited", "UNKNOWN", Tale().notify("forged", acked=False)),
    ("signature/probe-refused", "FAIL", Tale().notify("probe", acked=False).notify(acked=False)),
    ("signature/answer-tampered-not-believed", "FAIL", Tale().call("open", fault="bad_signature").right()),
    ("signature/rotated-key-followed", "FAIL", _rotated(0, 15).right()),
    ("signature/rotated-key-followed", "UNKNOWN", _rotated(0).right()),
    ("signature/rotated-key-followed", "UNKNOWN", _rotated(0, 4).right()),
    ("signature/rotated-key-followed", "UNKNOWN", _rotated(0, 15).killed().right()),
    ("signature/rotated-key-followed", "FAIL", _rotated(0, 15, 30).killed().right()),
    ("signature/rotated-key-followed", "FAIL", _rotated(0).wrong()),
    ("signature/requests-verify", "PASS", Tale().call("open")),
    ("signature/requests-verify", "FAIL", Tale().call("open").call("query", signature_ok=False)),
    ("signature/requests-verify", "UNKNOWN", Tale().call("open", signature_ok=None)),
    ("state/never-back", "PASS", Tale().look("PENDING").look("PAID").look("PAID")),
    ("state/never-back", "FAIL", Tale().look("PAID").look("PENDING")),
    ("state/never-back", "FAIL", Tale().look("PAID").look("CLOSED")),
    ("state/never-back", "PASS", Tale().look("CLOSED").look("PAID").look("SHIPPED")),
    ("state/never-back", "UNKNOWN", Tale().look("PENDING").look("PAID")),
    ("state/books-agree", "PASS", Tale().right()),
    ("state/books-agree", "FAIL", Tale().book(paid=0).ledger(status="PAID")),
    ("state/books-agree", "UNKNOWN", Tale().book()),
    ("state/unpaid-stays-unpaid", "PASS", Tale().book(paid=0).ledger(status="PENDING")),
    ("state/unpaid-stays-unpaid", "FAIL", Tale().book(paid=0).ledger(status="PAID")),
    ("state/unpaid-stays-unpaid", "UNKNOWN", Tale().right()),
    ("state/refund-keeps-paid", "PASS", Tale().refund().book(refunded=990).ledger(990, debits=(990,))),
    ("state/refund-keeps-paid", "FAIL", Tale().refund().book(refunded=990).ledger(990, status="PENDING")),
    ("state/refund-keeps-paid", "UNKNOWN", Tale().book(refunded=990).ledger(status="CLOSED")),
    (
        "state/failed-attempt-unpaid",
        "PASS",
        Tale().bought("insufficient_balance").book(paid=0).ledger(status="PENDING"),
    ),
    ("state/failed-attempt-unpaid", "FAIL", Tale().bought("wrong_password").book(paid=0).ledger(990)),
    ("state/failed-attempt-unpaid", "UNKNOWN", Tale().bought("wrong_password").bought().right()),
    ("money/credited-amount", "PASS", Tale().book().ledger(990)),
    ("money/credited-amount", "FAIL", Tale().book().ledger(1990)),
    ("money/credited-amount", "UNKNOWN", Tale().book(paid=0).ledger()),
    ("money/credited-only-when-paid", "PASS", Tale().right()),
    ("money/credited-only-when-paid", "FAIL", Tale().book(paid=0).ledger(990)),
    ("money/credited-only-when-paid", "UNKNOWN", Tale().book(paid=0)),
    ("money/order-amount", "PASS", Tale().right()),
    ("money/order-amount", "FAIL", Tale().book(total_fen=99).ledger(990)),
    (
        "money/order-amount",
        "FAIL",
        Tale().asked(990).book(paid=0, total_fen=99, state="OPEN").ledger(amount_fen=99, status="PENDING"),
    ),
    ("money/order-amount", "UNKNOWN", Tale().ledger(990)),
    ("money/trade-number", "PASS", Tale().right()),
    ("money/trade-number", "FAIL", Tale().book(trade_no="2027").ledger(990)),
    ("money/trade-number", "UNKNOWN", Tale().book().ledger(990, trade_no=None)),
    ("money/sums-zero", "PASS", Tale().ledger(990, legs=[["t", 990, "a"], ["t", -990, "b"]])),
    ("money/sums-zero", "FAIL", Tale().ledger(990, legs=[["t", 990, "a"], ["t", -980, "b"], ["u", -10, "b"]])),
    ("money/sums-zero", "UNKNOWN", Tale().ledger(990)),
    ("money/ledger-net", "PASS", Tale().book().ledger(990, legs=[["t", 990, "a"], ["t", -990, "b"]])),
    ("money/ledger-net", "FAIL", Tale().book().ledger(990, legs=[["t", 900, "a"], ["t", -900, "b"]])),
    ("money/ledger-net", "UNKNOWN", Tale().right()),
    ("refund/books-agree", "PASS", Tale().book(refunded=400).ledger(990, debits=(400,))),
    ("refund/books-agree", "FAIL", Tale().book(refunded=400).ledger(990)),
    ("refund/books-agree", "UNKNOWN", Tale().right()),
    ("refund/never-above-paid", "PASS", Tale().refund("a", 600).refund("b", 600).book(refunded=600).ledger(990)),
    ("refund/never-above-paid", "FAIL", Tale().refund("a", 600).refund("b", 600).book(refunded=1200).ledger(990)),
    ("refund/never-above-paid", "FAIL", Tale().refund("a", 990).book().ledger(990, debits=(990, 990))),
    ("refund/never-above-paid", "UNKNOWN", Tale().refund("a", 600).book(refunded=600).ledger(990)),
    ("refund/never-above-paid", "UNKNOWN", Tale().refund("a", 600).refund("a", 600).book(refunded=600).ledger(990)),
    ("refund/in-full", "PASS", Tale().refund().book(refunded=990).ledger(990, debits=(990,))),
    ("refund/in-full", "FAIL", Tale().refund().right()),
    ("refund/in-full", "UNKNOWN", Tale().refund(fen=400).right()),
    ("refund/in-full", "UNKNOWN", Tale().refund(ends="fail").right()),
    ("refund/in-full", "UNKNOWN", Tale().refund(ends="unknown").right()),
    ("refund/in-full", "FAIL", Tale().refund(ends="unknown").refund(ends="ok").right()),
    ("refund/in-part", "PASS", Tale().refund(fen=400).book(refunded=400).ledger(990, debits=(400,))),
    ("refund/in-part", "FAIL", Tale().refund(fen=400).book(refunded=990).ledger(990, debits=(990,))),
    ("refund/in-part", "UNKNOWN", Tale().refund().right()),
    ("refund/in-part", "PASS", Tale().ended().refund(fen=400).book(refunded=990).ledger(990, debits=(990,))),
    ("refund/in-part", "FAIL", Tale().ended().refund(fen=400).book(refunded=590).ledger(990, debits=(590,))),
    ("notify/another-merchants", "UNKNOWN", _for_others("refund")),
    ("notify/another-merchants", "FAIL", _for_others("payment")),
    (
        "refund/in-parts",
        "PASS",
        Tale().refund("a", 90).refund("b", 900).book(refunded=990).ledger(990, debits=(90, 900)),
    ),
    ("refund/in-parts", "FAIL", Tale().refund("a", 90).refund("b", 900).book(refunded=90).ledger(990, debits=(90,))),
    ("refund/in-parts", "UNKNOWN", Tale().refund().right()),
    ("refund/above-refused", "PASS", Tale().refund(fen=991, ends="fail").right()),
    ("refund/above-refused", "PASS", Tale().refund(fen=991, ends="ok", state="FAILED").right()),
    ("refund/above-refused", "FAIL", Tale().refund(fen=991, ends="ok").right()),
    ("refund/above-refused", "UNKNOWN", Tale().refund(fen=991, ends="unknown").right()),
    ("refund/unpaid-refused", "PASS", Tale().refund(ends="fail").book(paid=0)),
    ("refund/unpaid-refused", "FAIL", Tale().refund(ends="ok").book(paid=0)),
    ("refund/unpaid-refused", "UNKNOWN", Tale().refund(ends="ok").right()),
    ("refund/unknown-same-number", "PASS", Tale().refund().call("refund", fault="timeout_after", refund_no="R1")),
    (
        "refund/unknown-same-number",
        "FAIL",
        Tale().refund().call("refund", fault="timeout_after", refund_no="R1").call("refund", refund_no="R2"),
    ),
    (
        # The order's end was asked for as well, and gave the rest back under a number of its own.
        "refund/unknown-same-number",
        "PASS",
        Tale()
        .ended()
        .refund(fen=280)
        .call("refund", fault="timeout_after", refund_no="R1")
        .call("refund", refund_no="R2")
        .book(refunded=990),
    ),
    ("refund/unknown-same-number", "UNKNOWN", Tale().refund().call("refund", refund_no="R1")),
    ("unknown/never-a-second-trade", "PASS", Tale().call("open", fault="reset_after").book()),
    ("unknown/never-a-second-trade", "FAIL", Tale().call("open", fault="busy").book().book(number="T2")),
    (
        "unknown/never-a-second-trade",
        "PASS",
        Tale().call("open", fault="reset_after").call("open").book(paid=0, state="CREATED").book(number="T2"),
    ),
    (
        # The second answer came late, and said that the number is used up.
        "unknown/never-a-second-trade",
        "PASS",
        Tale()
        .call("open", fault="malformed_body")
        .call("open", fault="delay")
        .book(paid=0, state="CREATED")
        .book(number="T2"),
    ),
    ("unknown/never-a-second-trade", "UNKNOWN", Tale().call("open").book()),
]

EVERY = {
    **MET,
    **tales_of_ends.MET,
    **tales_of_bills.MET,
    **tales_of_spikes.MET,
    **tales_of_strays.MET,
    **tales_of_refunds.MET,
    **tales_of_endings.MET,
    **tales_of_mixtures.MET,
}

TALES = [
    *((name, "PASS", met(Tale()).right()) for name, met in EVERY.items()),
    *((name, "FAIL", met(Tale()).wrong()) for name, met in EVERY.items()),
    *((name, "UNKNOWN", met(Tale())) for name, met in EVERY.items()),
    *((name, "UNKNOWN", Tale().notify().right()) for name in (*EVERY, *LIES, *TRUTHS)),
    *((name, "PASS", came(Tale(), False).right()) for name, came in LIES.items()),
    *((name, "FAIL", came(Tale(), True).right()) for name, came in LIES.items()),
    *((name, "PASS", came(Tale(), True).right()) for name, came in TRUTHS.items()),
    *((name, "FAIL", came(Tale(), False).right()) for name, came in TRUTHS.items()),
    *OTHERS,
    *tales_of_ends.OTHERS,
    *tales_of_bills.OTHERS,
    *tales_of_spikes.OTHERS,
    *tales_of_strays.OTHERS,
    *tales_of_refunds.OTHERS,
    *tales_of_endings.OTHERS,
    *tales_of_mixtures.OTHERS,
    *tales_of_collisions.OTHERS,
]
