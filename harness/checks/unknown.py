"""
Calls of which nobody knows how they ended: asked about, never assumed.
"""

from collections.abc import Iterator, Mapping

from harness.checks.base import KEPT, Check, Ruling, Story, each_order, family
from harness.checks.books import still_right
from harness.checks.idempotency import open_trades
from harness.checks.occasions import called, marked, paid
from harness.checks.refund import UNKNOWN
from harness.checks.signature import not_believed
from harness.model import PAID_STATUSES


def never_a_second_trade(story: Story) -> Iterator[Ruling]:
    """
    An opening that ended in the dark leaves one trade that can be paid.
    """
    if not story.calls("open", faults=UNKNOWN):
        return
    live = open_trades(story)
    if len(live) <= 1:
        yield KEPT
        return
    yield Ruling(
        kept=False,
        expected="1 trade at the provider",
        actual=f"{len(live)}: {', '.join(sorted(live))}",
        evidence=(*story.calls("open", faults=UNKNOWN)[:1], *live.values()),
        money=f"order {story.order} can be paid {len(live)} times, because its opening was not answered",
    )


def one_not_all(story: Story) -> Iterator[Ruling]:
    """
    Paid, without a notify, beside an order whose queries are not answered; looked at a day later.
    """
    met = tuple(marked("beside-a-stuck")(story))
    looks = [line for line in story.seen("get") if met and line.index > met[0].index]
    if looks and paid(story):
        yield Ruling(
            kept=looks[0].value["status"] in PAID_STATUSES,
            expected="paid: its own queries were answered",
            actual=str(looks[0].value["status"]),
            evidence=(met[0], looks[0]),
            money=f"order {story.order} was paid, and another order's trouble keeps the gateway from finding it",
        )


CHECKS: Mapping[str, Check] = {
    "unknown/never-a-second-trade": each_order(
        "unknown/never-a-second-trade", never_a_second_trade, witness="every opening was answered well"
    ),
    **family(
        "unknown",
        ("one-not-all", one_not_all, "no order was stuck beside others"),
        (
            "answer-about-another",
            not_believed("another_answer", which="order"),
            "every answer was about what was asked",
        ),
        (
            "answer-other-amount",
            not_believed("another_answer", which="amount"),
            "every answer named its order's amount",
        ),
        ("create-no-answer", still_right(called("open", "timeout_after")), "every opening was answered"),
        ("create-cut-before", still_right(called("open", "timeout_before")), "every opening arrived"),
        ("create-torn-after", still_right(called("open", "reset_after")), "no opening was torn off after the work"),
        ("create-torn-before", still_right(called("open", "reset_before")), "no opening was torn off before the work"),
        ("create-server-error", still_right(called("open", "http_error", work=True)), "no opening met a server error"),
        ("create-bad-gateway", still_right(called("open", "http_error", work=False)), "no opening met a server error"),
        ("create-system-error", still_right(called("open", "system_error")), "no opening met a system error"),
        ("create-busy", still_right(called("open", "busy")), "the provider was never too busy"),
        ("create-half-answer", still_right(called("open", "truncated")), "every opening's answer was whole"),
        ("create-garbled", still_right(called("open", "malformed_body")), "every opening's answer could be read"),
        ("create-late-answer", still_right(called("open", "delay")), "every opening was answered in time"),
        ("create-dripped", still_right(called("open", "slow_drip")), "no opening's answer came in drops"),
        ("query-no-answer", still_right(called("query", "timeout_after")), "every query was answered"),
        ("query-server-error", still_right(called("query", "http_error")), "no query met a server error"),
        ("query-garbled", still_right(called("query", "malformed_body", "truncated")), "every query could be read"),
        ("query-tampered", still_right(called("query", "bad_signature")), "every query's signature matched"),
    ),
}
