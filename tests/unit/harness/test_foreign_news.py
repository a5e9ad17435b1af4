"""
Platforms that are told less: what a gateway never promised to tell is no difference between the books.
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from harness.accounts import Account, BookRow, Told, differences
from harness.sut.contract import Payment
from harness.sut.driver.schema import Webhooks
from harness.sut.driver.webhooks import read_webhook
from harness.sut.sink import WebhookEvent

BOOK = BookRow(out_trade_no="o", trade_no="t", label="pp000001", total_fen=990, paid_fen=990, refunded_fen=0)
PAYMENT = Payment(
    id="1",
    merchant_order_no="pp000001-x",
    out_trade_no="o",
    channel="alipay",
    amount_fen=990,
    status="PAID",
    refund_status="NONE",
    refunded_fen=None,
)


def news(event="e1", kind="payment.paid", **data):
    return WebhookEvent(
        event_id=event,
        type=kind,
        merchant_order_no="pp000001-x",
        data=data,
        received_at=datetime(2026, 11, 27, tzinfo=UTC),
        answered=200,
    )


def account(*events, tells_refunds=True, refunded_fen=0):
    told = Told(tells_refunds=tells_refunds)
    for event in events:
        told.add(event)
    return Account(
        order="pp000001-x", book=replace(BOOK, refunded_fen=refunded_fen), payment=PAYMENT, told=told, entries=None
    )


def broken(found):
    return {one.requirement for one in differences(found)}


def test_news_without_an_amount_are_news_of_the_whole():
    assert broken(account(news())) == set()
    assert broken(account(news(amount_fen=989))) == {"money/credited-amount", "notify/platform-told-amount"}
    assert "idempotency/credited-once" in broken(account(news("e1"), news("e2")))


@pytest.mark.parametrize(
    ("events", "tells", "kept"),
    [
        ((), False, True),
        ((), True, False),
        ((news("r", "refund.succeeded", refund={"amount_fen": None}),), True, True),
        ((news("r", "refund.succeeded", refund={"amount_fen": 400}),), True, True),
        ((news("r", "refund.succeeded", refund={"amount_fen": 399}),), True, False),
    ],
)
def test_refunds_have_to_be_told_where_that_was_promised(events, tells, kept):
    told = account(news(amount_fen=990), *events, tells_refunds=tells, refunded_fen=400)

    assert ("refund/books-agree" not in broken(told)) is kept


def test_an_effect_may_be_told_by_several_events():
    spec = Webhooks(order_no="/o", event_id="/id", effect_key="/effect")

    first, second = (read_webhook(spec, b"o=pp1-x&effect=7&id=%d" % number) for number in (1, 2))

    assert first is not None
    assert second is not None
    assert first["event_id"] == second["event_id"] == "7"
