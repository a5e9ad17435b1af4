"""
Bills over API v3: when they are there, what they say, how they are fetched, and differences planted in them.
"""

import gzip
import hashlib
from datetime import date

import pytest

from mock_providers.core.books.planted import Difference, DifferenceKind
from tests.unit.mock_providers.wechatpay_v3_desk import V3Desk

pytestmark = pytest.mark.asyncio

HOST = "https://api.mch.weixin.qq.com"
DAY = date(2026, 1, 2)
# From T0, 11:04:05 in Beijing, to ten o'clock of the next day.
READY_S = 23 * 3600 - 245


async def ready(desk: V3Desk, *, refund_fen: int = 0) -> None:
    desk.paid(attach="a,b", amount={"total": 1000})
    if refund_fen:
        desk.refund(refund_fen, amount={"refund": refund_fen, "total": 1000, "currency": "CNY"})
    await desk.schedule.advance(READY_S)


def fetched(desk: V3Desk, query: str = "", *, kind: str = "tradebill", day: str = "2026-01-02") -> list[list[str]]:
    """
    The rows of a bill whose hash was checked.
    """
    status, said = desk.call("GET", f"/v3/bill/{kind}?bill_date={day}{query}")
    assert status == 200, said
    assert said["download_url"].startswith(f"{HOST}/v3/billdownload/file?token=")
    reply = desk.ask("GET", said["download_url"].removeprefix(HOST))
    assert not [name for name, _ in reply.headers if name.startswith("Wechatpay")]
    zipped = dict(reply.headers)["Content-Type"] == "application/x-gzip"
    data = gzip.decompress(reply.body) if zipped else reply.body
    assert hashlib.sha1(data).hexdigest() == said["hash_value"]  # noqa: S324
    assert data.startswith(b"\xef\xbb\xbf")
    return [line.split(",") for line in data.decode("utf-8-sig").split("\r\n")[:-1]]


async def test_the_bill_of_a_day_lists_payments_and_refunds(v3_desk: V3Desk):
    await ready(v3_desk, refund_fen=300)

    head, payment, refund, _, totals = fetched(v3_desk)

    assert len(head) == len(payment) == len(refund) == 27
    assert all(cell.startswith("`") for cell in payment + refund + totals)
    paid, back = dict(zip(head, payment, strict=True)), dict(zip(head, refund, strict=True))
    assert (paid["交易状态"], paid["应结订单金额"], paid["手续费"]) == ("`SUCCESS", "`10.00", "`0.06")
    assert (back["交易状态"], back["退款金额"], back["退款状态"]) == ("`REFUND", "`3.00", "`SUCCESS")
    assert paid["微信订单号"] == back["微信订单号"] == f"`{v3_desk.trade().trade_no}"
    assert paid["商户数据包"] == "`a，b"  # noqa: RUF001
    assert totals == ["`2", "`10.00", "`3.00", "`0.00", "`0.04", "`10.00", "`3.00"]


@pytest.mark.parametrize("query", ["", "&tar_type=GZIP"])
async def test_a_bill_is_the_same_compressed(v3_desk: V3Desk, query):
    await ready(v3_desk)

    assert fetched(v3_desk, query) == fetched(v3_desk)


async def test_the_columns_follow_the_kind(v3_desk: V3Desk):
    await ready(v3_desk, refund_fen=300)

    success, refund = fetched(v3_desk, "&bill_type=SUCCESS"), fetched(v3_desk, "&bill_type=REFUND")

    assert "微信退款单号" not in success[0]
    assert "退款成功时间" in refund[0]
    assert (len(success), len(refund)) == (4, 4)


async def test_the_fund_flow_knows_fees(v3_desk: V3Desk):
    await ready(v3_desk, refund_fen=300)

    rows = fetched(v3_desk, kind="fundflowbill")

    assert [row[6] for row in rows[1:-2]] == ["`10.00", "`0.06", "`3.00", "`0.02"]
    assert rows[-1] == ["`4", "`2", "`10.02", "`2", "`3.06"]


@pytest.mark.parametrize(
    ("advance_s", "day", "status", "code"),
    [
        (READY_S - 60, "2026-01-02", 400, "STATEMENT_CREATING"),
        (READY_S, "2026-01-01", 400, "NO_STATEMENT_EXIST"),
        (READY_S, "2026-01-03", 400, "PARAM_ERROR"),
        (READY_S, "2025-09-01", 400, "PARAM_ERROR"),
        (READY_S, "2026-02-30", 400, "PARAM_ERROR"),
        (READY_S, "", 400, "PARAM_ERROR"),
    ],
)
async def test_a_bill_that_is_not_there_says_why(v3_desk: V3Desk, advance_s, day, status, code):
    v3_desk.paid()
    await v3_desk.schedule.advance(advance_s)

    got, said = v3_desk.call("GET", f"/v3/bill/tradebill?bill_date={day}")

    assert (got, said["code"]) == (status, code)


async def test_an_address_dies_after_five_minutes(v3_desk: V3Desk):
    await ready(v3_desk)
    said = v3_desk.call("GET", "/v3/bill/tradebill?bill_date=2026-01-02")[1]
    target = said["download_url"].removeprefix(HOST)
    await v3_desk.schedule.advance(299)
    assert v3_desk.ask("GET", target).status == 200
    await v3_desk.schedule.advance(1)

    status, said = v3_desk.call("GET", target)

    assert (status, said["code"]) == (400, "INVALID_REQUEST")


def plant(desk: V3Desk, kind: DifferenceKind, *, add_fen: int = 1) -> None:
    desk.book.planted.add(
        Difference("wechatpay", desk.merchant.mchid, DAY, kind, out_trade_no="order1", add_fen=add_fen)
    )


@pytest.mark.parametrize(
    ("kind", "column", "expected"),
    [(DifferenceKind.AMOUNT, "应结订单金额", "`10.07"), (DifferenceKind.FEE, "手续费", "`0.13")],
)
async def test_an_amount_is_off_as_it_was_planted(v3_desk: V3Desk, kind, column, expected):
    plant(v3_desk, kind, add_fen=7)
    await ready(v3_desk)

    head, row, *_ = fetched(v3_desk)

    assert dict(zip(head, row, strict=True))[column] == expected
    assert v3_desk.trade().opening.total_fen == 1000


async def test_rows_are_missing_or_surplus_as_planted(v3_desk: V3Desk):
    await ready(v3_desk, refund_fen=300)
    truth = fetched(v3_desk)
    v3_desk.book.planted.add(
        Difference("wechatpay", v3_desk.merchant.mchid, DAY, DifferenceKind.EXTRA_ROW, "ghost", 500)
    )
    assert next(row for row in fetched(v3_desk)[1:-2] if row not in truth)[6] == "`ghost"
    v3_desk.book.planted.clear()
    plant(v3_desk, DifferenceKind.MISSING_ROW)
    assert fetched(v3_desk)[1:-2] == truth[2:3]
    plant(v3_desk, DifferenceKind.EMPTY_BILL)
    assert v3_desk.call("GET", "/v3/bill/tradebill?bill_date=2026-01-02")[1]["code"] == "NO_STATEMENT_EXIST"


async def test_a_refund_comes_in_the_next_days_bill_as_planted(v3_desk: V3Desk):
    plant(v3_desk, DifferenceKind.REFUND_OTHER_DAY)
    await ready(v3_desk, refund_fen=300)
    await v3_desk.schedule.advance(86_400)

    assert len(fetched(v3_desk)) == 4
    assert fetched(v3_desk, day="2026-01-03")[1][16] == "`3.00"
