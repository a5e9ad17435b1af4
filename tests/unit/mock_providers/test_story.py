"""
What happened to one order, put in order and drawn: every kind of line, where it stands and where its arrows run.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import mock_providers.operator as operator_room
from mock_providers.core.books.book import Book, Opening, Refund
from mock_providers.core.money import Fen
from mock_providers.core.pages import PageWords
from mock_providers.core.wire.journal import Entry, RawRequest, RawResponse
from mock_providers.operator.diagram import LANES, draw, span_text, text_width
from mock_providers.operator.story import tell

T0 = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)
WORDS = PageWords(Path(operator_room.__file__).with_name("words.toml")).in_language("en")


def entry(api, *, after_s=0.0, out=False, status=200, body=b"", fault=None, signed=True, acked=None):
    response = None if status is None else RawResponse(status, (), body)
    at = T0 + timedelta(seconds=after_s)
    return Entry(
        direction="out" if out else "in",
        provider="alipay",
        api=api,
        order="o1",
        label="",
        request=RawRequest("POST", "/", (), b""),
        response=response,
        string_to_sign=None,
        signature_ok=signed,
        fault=fault,
        schedule_at=at,
        stamp_at=at,
        error=None if response else "connection closed instead of an answer",
        acked=acked,
    )


def numbered(*entries):
    return list(enumerate(entries, 1))


def copy(state, *, after_s=0.0, dropped=False, faults=()):
    answer = {"dropped": True} if dropped else None
    at = T0 + timedelta(seconds=after_s)
    return {"id": "n1", "event": "payment", "state": state, "due_at": at, "faults": faults, "last_answer": answer}


def paid_trade(*, at_s=0.0):
    book, at = Book(), T0 + timedelta(seconds=at_s)
    opening = Opening("alipay", "o1", "m1", "a1", "", "rose", Fen(990), T0, T0 + timedelta(hours=2), 1e6)
    trade = book.open(opening)
    book.scan(trade, trade_no="t1", now=at)
    book.pay(trade, now=at)
    return book, trade


def titles(story):
    return [line.title for line in story]


def test_what_the_book_wrote_down_stands_after_what_brought_it_about():
    _, trade = paid_trade(at_s=5)
    entries = numbered(
        entry("alipay.trade.precreate"),
        entry("cashier", after_s=5.1, signed=None),
        entry("cashier.pay", after_s=5.2, status=303, signed=None),
        entry("payment", after_s=5.2, out=True, acked=True),
    )
    story = tell(entries, [], trade, words=WORDS)
    assert titles(story) == ["alipay.trade.precreate", "cashier", "scanned", "cashier.pay", "paid 9.90", "payment"]


def test_what_nobody_brought_about_stands_before_what_follows():
    _, trade = paid_trade()
    entries = numbered(entry("alipay.trade.precreate"), entry("payment", out=True, acked=True))
    story = tell(entries, [], trade, words=WORDS)
    assert titles(story) == ["alipay.trade.precreate", "scanned", "paid 9.90", "payment"]


def test_refunds_and_the_end_are_told():
    book, trade = paid_trade()
    book.refund(trade, Refund("r1", Fen(990), T0 + timedelta(seconds=60)))
    entries = numbered(entry("alipay.trade.refund", after_s=60))
    story = tell(entries, [], trade, words=WORDS)
    assert titles(story) == ["scanned", "paid 9.90", "alipay.trade.refund", "refunded 9.90", "closed · all refunded"]


def test_lost_copies_stand_in_their_time_and_waiting_ones_at_the_end():
    entries = numbered(entry("payment", out=True, acked=False), entry("payment", after_s=240, out=True, acked=True))
    copies = [copy("done", after_s=100, dropped=True), copy("pending", after_s=600), copy("held", after_s=300)]
    story = tell(entries, copies, None, words=WORDS)
    assert [line.kind for line in story] == ["notify", "lost", "notify", "waiting", "waiting"]
    assert [line.text for line in story[3:]] == ["notify payment · held", "notify payment · pending"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"alipay_trade_query_response":{"code":"10000","msg":"Success"},"sign":"x"}', "200 10000"),
        (b'{"r":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}', "200 ACQ.TRADE_NOT_EXIST"),
        (b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>", "200 SUCCESS"),
        (b"respCode=00&respMsg=ok", "200 00"),
        (b'{"code":"PARAM_ERROR","message":"x"}', "200 PARAM_ERROR"),
        (b"\xff\x00", "200"),
    ],
)
def test_an_answer_is_told_by_its_code(body, told):
    (line,) = tell(numbered(entry("call", body=body)), [], None, words=WORDS)
    assert line.answer == told


@pytest.mark.parametrize(
    ("signed", "acked", "good"), [(True, True, True), (True, False, False), (False, True, False), (False, False, True)]
)
def test_an_acknowledged_forgery_is_no_good_news(signed, acked, good):
    (line,) = tell(numbered(entry("payment", out=True, signed=signed, acked=acked)), [], None, words=WORDS)
    assert line.good is good


def test_a_loss_is_not_told_of_a_copy_that_left():
    one = entry("payment", out=True, acked=True, fault="forged_signature+drop+delay")
    (line,) = tell(numbered(one), [], None, words=WORDS)
    assert line.fault == "forged_signature+delay"


def test_arrows_run_between_the_right_lanes_and_never_back_in_time():
    entries = numbered(
        entry("call"),
        entry("cashier", after_s=1, signed=None),
        entry("payment", after_s=200, out=True, acked=True, fault="duplicate"),
        entry("call", after_s=201, status=None),
    )
    diagram = draw(tell(entries, [copy("done", after_s=202, dropped=True)], None, words=WORDS))
    assert [row.gap for row in diagram.rows] == ["", "", "3 min 19 s", "", "", ""]
    heights = [row.y for row in diagram.rows]
    assert heights == sorted(heights)
    assert heights[-1] < diagram.height
    called, visited, told, cut = (diagram.rows[place].arrows for place in (0, 1, 3, 4))
    assert (called[0].start > called[0].end, visited[0].start < visited[0].end) == (True, True)
    assert LANES["provider"] < told[0].start < told[0].end < LANES["merchant"]
    assert (cut[1].broken, told[1].broken) == (True, False)
    assert diagram.rows[3].chip == "duplicate"
    assert diagram.rows[3].chip_x + diagram.rows[3].chip_width < LANES["provider"]


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_000, "1 d 1 h"), (90_061, "1 d 1 h")]
)
def test_spans_are_told_in_their_two_largest_units(seconds, told):
    assert span_text(seconds) == told


def test_chinese_is_about_twice_as_wide():
    assert text_width("支付", 7.0) > 1.8 * text_width("pa", 7.0)
