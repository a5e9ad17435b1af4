"""
Bills to the letter: the address and its half minute, names and text in GBK, columns, tabs and sums, and planted differences.
"""
# ruff: noqa: RUF001  full-width punctuation is the vendor's

import io
import zipfile
from datetime import date
from urllib.parse import parse_qsl, urlsplit

import pytest

from mock_providers.core.books.planted import Difference, DifferenceKind
from mock_providers.core.wire.journal import RawRequest
from tests.unit.mock_providers.alipay_desk import Desk, post

pytestmark = pytest.mark.asyncio

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
DAY = "2026-01-02"
NEXT_MORNING_S = 22 * 3600


def asked(desk: Desk, bill_type: str = "trade", day: str = DAY, **more) -> dict:
    return desk.call(METHOD, {"bill_type": bill_type, "bill_date": day, **more})


def fetched(desk: Desk, url: str) -> bytes:
    parts = urlsplit(url)
    call = desk.read(RawRequest("GET", f"{parts.path}?{parts.query}", (), b""))
    assert call.page
    return call.perform().body


def opened(archive: bytes) -> dict[str, list[str]]:
    """
    Members as a careful merchant reads them: names and text in GBK, the UTF-8 flag unset.
    """
    found = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        assert file.testzip() is None
        for member in file.infolist():
            assert member.flag_bits & 0x800 == 0
            name = member.filename.encode("cp437").decode("gbk")
            found[name] = file.read(member).decode("gbk").split("\r\n")[:-1]
    return found


async def bill(desk: Desk, bill_type: str = "trade", day: str = DAY, *, part: str = "明细.csv") -> list[str]:
    files = opened(fetched(desk, asked(desk, bill_type, day)["bill_download_url"]))
    return next(lines for name, lines in files.items() if name.endswith(part))


def rows(lines: list[str]) -> list[list[str]]:
    return [line.split(",") for line in lines if not line.startswith("#")][1:]


async def busy_day(desk: Desk) -> None:
    desk.paid("o1", total="10.00")
    desk.precreate("o2", total="0.06", subject='a,b "c" 🌹', store_id="S1", operator_id="op")
    desk.buyer("pay", "o2")
    await desk.schedule.advance(1)
    desk.refund("4.00", request_no="r1", order="o1")
    await desk.schedule.advance(NEXT_MORNING_S)


async def test_the_details_are_written_to_the_letter(desk):
    await busy_day(desk)
    account = f"{desk.provider.merchants[0]}0156"
    lines = await bill(desk)
    number = desk.trade("o1").trade_no
    buyer = f"159****{desk.trade('o1').opening.details['buyer_user_id'][-4:]}"
    assert lines[:4] == [
        "#支付宝业务明细查询",
        f"#账号：[{account}]",
        "#起始日期：[2026年01月02日 00:00:00]   终止日期：[2026年01月03日 00:00:00]",
        "#-----------------------------------------业务明细列表----------------------------------------",
    ]
    assert lines[4].startswith(
        "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,"
    )
    assert len(lines[4].split(",")) == 25
    at = "2026-01-02 11:04:05"
    assert lines[5] == (
        f"{number}\t,o1\t,交易\t,tip pp000001,{at},{at},\t,\t,\t,\t,{buyer}\t,10.00,10.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,"
        "0.00,\t,0.00,0.00,"
    )
    assert lines[-4:] == [
        "#-----------------------------------------业务明细列表结束------------------------------------",
        "#交易合计：2笔，商家实收共10.06元，商家优惠共0.00元",
        "#退款合计：1笔，商家实收退款共-4.00元，商家优惠退款共0.00元",
        "#导出时间：[2026年01月03日 09:00:00]",
    ]


async def test_refunds_are_negative_rows_of_the_same_trade_with_their_number(desk):
    await busy_day(desk)
    back = next(row for row in rows(await bill(desk)) if row[2] == "退款\t")
    assert (back[1], back[11], back[12], back[21]) == ("o1\t", "-4.00", "-4.00", "r1")
    assert back[0].strip() == desk.trade("o1").trade_no


async def test_texts_that_would_break_the_table_are_tamed(desk):
    await busy_day(desk)
    row = next(row for row in rows(await bill(desk)) if row[1] == "o2\t")
    assert (len(row), row[3], row[6], row[8]) == (25, "a，b 'c' ?", "S1\t", "op\t")


async def test_the_summary_has_each_store_and_the_whole(desk):
    await busy_day(desk)
    lines = await bill(desk, part="汇总).csv")
    assert lines[0] == "#支付宝业务汇总查询"
    assert [row[0].strip() for row in rows(lines)] == ["", "S1", "合计"]
    assert rows(lines)[-1][2:6] == ["2", "1", "6.06", "6.06"]


async def test_the_account_journal_runs_a_balance_over_payments_refunds_fees_and_transfers(credentials_dir):
    desk = Desk(credentials_dir, balance_fen=10_000, fee_basis_points=60, payout_needs_certificate=False)
    desk.paid("o1", total="10.00")
    desk.refund("4.00", request_no="r1")
    payee = {"identity": "2088000000000009", "identity_type": "ALIPAY_USER_ID"}
    transfer = {"out_biz_no": "b1", "trans_amount": "1.00", "product_code": "TRANS_ACCOUNT_NO_PWD"}
    desk.call("alipay.fund.trans.uni.transfer", transfer | {"biz_scene": "DIRECT_TRANSFER", "payee_info": payee})
    await desk.schedule.advance(NEXT_MORNING_S)
    lines = await bill(desk, "signcustomer")
    assert lines[0] == "#支付宝账务明细查询"
    assert len(lines[4].split(",")) == 12
    assert [(row[10], row[6], row[7], row[8]) for row in rows(lines)] == [
        ("在线支付", "10.00", "0.00", "110.00"),
        ("收费", "0.00", "-0.06", "109.94"),
        ("交易退款", "0.00", "-4.00", "105.94"),
        ("转账", "0.00", "-1.00", "104.94"),
    ]
    assert rows(await bill(desk))[0][22] == "-0.06"
    await desk.schedule.stop()


@pytest.mark.parametrize(
    ("fields", "sub_code"),
    [
        ({"bill_type": None}, "INVAILID_ARGUMENTS"),
        ({"bill_type": "horoscope"}, "INVAILID_ARGUMENTS"),
        ({"bill_type": "zft_acc"}, "TYPE_NOT_SUPPORTED"),
        ({"bill_date": None}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "2026-02-30"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "20260102"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "9999-12-31"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "9999-12"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "2026-01-03"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "2026-01-04"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "2026-01"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "2019-12-31"}, "INVAILID_ARGUMENTS"),
        ({"bill_date": "2020-12-31"}, "BILL_DATE_BEFORE_REGISTRATION"),
        ({"bill_date": "2026-01-01"}, "NO_BILL_DATA"),
        ({"bill_date": "2025-12"}, "NO_BILL_DATA"),
    ],
)
async def test_each_question_that_has_no_bill_has_its_code(desk, fields, sub_code):
    await busy_day(desk)
    business = {"bill_type": "trade", "bill_date": DAY, **fields}
    assert desk.call(METHOD, business)["sub_code"] == sub_code


async def test_a_bill_is_there_at_nine_the_next_morning(desk):
    desk.paid()
    await desk.schedule.advance(NEXT_MORNING_S - 400)
    assert asked(desk)["sub_code"] == "BILL_NOT_EXIST"
    await desk.schedule.advance(400)
    assert asked(desk)["code"] == "10000"


async def test_a_month_is_there_on_the_third(desk):
    await busy_day(desk)
    await desk.schedule.advance(30 * 86_400)
    assert asked(desk, day="2026-01")["sub_code"] == "BILL_NOT_EXIST"
    await desk.schedule.advance(2 * 86_400)
    lines = await bill(desk, day="2026-01")
    assert lines[2] == "#起始日期：[2026年01月01日 00:00:00]   终止日期：[2026年02月01日 00:00:00]"
    assert len(rows(lines)) == 3


async def test_the_address_has_the_captured_form_and_dies_after_half_a_minute(desk):
    await busy_day(desk)
    url = asked(desk)["bill_download_url"]
    account = f"{desk.provider.merchants[0]}0156"
    assert url.startswith("http://dwbillcenter.alipay.com/downloadBillFile.resource?bizType=trade&userId=")
    assert dict(parse_qsl(urlsplit(url).query)).items() >= {
        "fileType": "csv.zip", "bizDates": "20260102", "downloadFileName": f"{account}_20260102.csv.zip",
        "fileId": f"/trade/{account}/20260102.csv.zip",
    }.items()  # fmt: skip
    await desk.schedule.advance(29)
    assert fetched(desk, url).startswith(b"PK")
    await desk.schedule.advance(1)
    assert "已失效" in fetched(desk, url).decode("gbk")


@pytest.mark.parametrize(
    ("host", "secure", "base"),
    [
        ("127.0.0.1:40001", None, "http://127.0.0.1:40001/"),
        ("openapi.alipay.com", None, "http://dwbillcenter.alipay.com/"),
        ("openapi.alipay.com", "true", "https://dwbillcenter.alipay.com/"),
    ],
)
async def test_the_address_leads_back_by_the_door_through_which_one_came(desk, host, secure, base):
    await busy_day(desk)
    business = {"bill_type": "trade", "bill_date": DAY} | ({"secure": secure} if secure else {})
    request = post(desk.merchant.signed(METHOD, business))
    call = desk.read(RawRequest("POST", request.target, (*request.headers, ("Host", host)), request.body))
    answer = desk.merchant.opened(call.perform().body, METHOD.replace(".", "_") + "_response")
    assert answer["bill_download_url"].startswith(base)


@pytest.mark.parametrize("change", ["&token=0", "bizDates=20260103&x=", "userId=2088000000000000&x="])
async def test_an_address_that_somebody_wrote_themselves_gives_nothing(desk, change):
    await busy_day(desk)
    query = urlsplit(asked(desk)["bill_download_url"]).query
    forged = query.replace("&token=", f"{change}&old=") if change.startswith("&") else f"{change}&{query}"
    assert "无效" in fetched(desk, f"http://x/downloadBillFile.resource?{forged}").decode("gbk")


async def test_an_empty_day_can_be_an_empty_file(credentials_dir):
    desk = Desk(credentials_dir, bill_empty_file=True)
    await desk.schedule.advance(NEXT_MORNING_S)
    assert asked(desk)["bill_file_code"] == "EMPTY_DATA_WITH_BILL_FILE"
    assert rows(await bill(desk)) == []
    await desk.schedule.stop()


K = DifferenceKind
PLANTED = [
    (Difference("alipay", "", date(2026, 1, 2), K.MISSING_ROW, "o1"), [("o2\t", "0.06"), ("o1\t", "-4.00")]),
    (
        Difference("alipay", "", date(2026, 1, 2), K.AMOUNT, "o2", 5),
        [("o1\t", "10.00"), ("o2\t", "0.11"), ("o1\t", "-4.00")],
    ),
    (Difference("alipay", "", date(2026, 1, 2), K.REFUND_OTHER_DAY), [("o1\t", "10.00"), ("o2\t", "0.06")]),
    (Difference("alipay", "", date(2026, 1, 2), K.EMPTY_BILL), None),
    (
        Difference("alipay", "", date(2026, 1, 2), K.EXTRA_ROW, "ghost", 700),
        [("o1\t", "10.00"), ("o2\t", "0.06"), ("o1\t", "-4.00"), ("ghost\t", "7.00")],
    ),
    (
        Difference("alipay", "", date(2026, 1, 3), K.MISSING_ROW),
        [("o1\t", "10.00"), ("o2\t", "0.06"), ("o1\t", "-4.00")],
    ),
]


@pytest.mark.parametrize(("planted", "told"), PLANTED, ids=[f"{one.kind}-{one.day.day}" for one, _ in PLANTED])
async def test_a_planted_difference_stands_in_the_bill_and_nowhere_else(desk, planted, told):
    await busy_day(desk)
    merchant = desk.provider.merchants[0]
    desk.book.planted.add(
        Difference("alipay", merchant, planted.day, planted.kind, planted.out_trade_no, planted.add_fen)
    )
    if told is None:
        assert asked(desk)["sub_code"] == "NO_BILL_DATA"
    else:
        assert [(row[1], row[11]) for row in rows(await bill(desk))] == told
    assert (desk.trade("o1").refunded_fen, desk.trade("o2").opening.total_fen) == (400, 6)


async def test_a_postponed_refund_stands_in_the_next_days_bill(desk):
    await busy_day(desk)
    desk.book.planted.add(Difference("alipay", desk.provider.merchants[0], date(2026, 1, 2), K.REFUND_OTHER_DAY))
    await desk.schedule.advance(86_400)
    assert [(row[1], row[11], row[5]) for row in rows(await bill(desk, day="2026-01-03"))] == [
        ("o1\t", "-4.00", "2026-01-02 11:04:06")
    ]


async def test_a_fee_that_nobody_agreed_on(desk):
    await busy_day(desk)
    desk.book.planted.add(Difference("alipay", desk.provider.merchants[0], date(2026, 1, 2), K.FEE, "o1", 3))
    assert rows(await bill(desk))[0][22] == "-0.03"
