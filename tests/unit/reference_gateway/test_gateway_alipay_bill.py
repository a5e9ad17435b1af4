"""Alipay's bill as a file: GBK in a ZIP, its totals against its rows, every way in which it may be half a file."""

# ruff: noqa: RUF001 (the vendor's own punctuation)

import io
import zipfile
from datetime import UTC, datetime

import pytest

from reference_gateway.channels.alipay.answers import v2_answer
from reference_gateway.channels.alipay.bills import Bills, rows_of
from reference_gateway.channels.alipay.http import HttpReply
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable

HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def line(
    kind: str = "交易", amount: str = "88.80", request_no: str = "\t", fee: str = "-0.53", order: str = "G1"
) -> str:
    return (
        f"2026112322001\t,{order}\t,{kind}\t,打赏 玫瑰,2026-11-23 11:59:00,2026-11-23 12:00:00,\t,,\t,\t,*三\t,{amount},"
        f"{amount},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{request_no},{fee},0.00,"
    )


def details(*rows: str, payments: int = 1, refunds: int = 0) -> str:
    return "\r\n".join(
        [
            "#支付宝业务明细查询",
            "#账号：[20880000000000010156]",
            "#起始日期：[2026年11月23日 00:00:00]   终止日期：[2026年11月24日 00:00:00]",
            "#-----------------------------------------业务明细列表----------------------------------------",
            HEADER,
            *rows,
            "#-----------------------------------------业务明细列表结束------------------------------------",
            f"#交易合计：{payments}笔，商家实收共0.06元，商家优惠共0.00元",
            f"#退款合计：{refunds}笔，商家实收退款共-0.04元，商家优惠退款共0.00元",
            "#导出时间：[2026年11月24日 05:46:49]",
            "",
        ]
    )


def archive(text: str, *, codec: str = "gbk") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("summary.csv", "#支付宝业务汇总查询\r\n".encode("gbk"))
        zipped.writestr("details.csv", text.encode(codec))
    return file.getvalue()


class Desk:
    """Answers the question for an address and gives out files, one after the other."""

    def __init__(self, *files: bytes, **answer: str) -> None:
        self.files = list(files)
        self.asked = 0
        self.answer = {"code": "10000", "bill_download_url": "http://127.0.0.1:9/file?token=%2F", **answer}

    async def call(self, method, business, *, notify_url=""):
        self.asked += 1
        assert (method, business["bill_date"]) == ("alipay.data.dataservice.bill.downloadurl.query", "2026-11-23")
        return v2_answer(self.answer)

    async def send(self, method, url, *, body=None, headers=None):
        assert (method, str(url)) == ("GET", "http://127.0.0.1:9/file?token=%2F")
        return HttpReply(200, {}, self.files.pop(0))


async def fetched(desk: Desk):
    return await Bills(desk.call, desk)(  # type: ignore[arg-type]
        datetime(2026, 11, 23, tzinfo=UTC).date()
    )


def test_rows_are_read_with_fees_signs_and_tabs():
    text = details(line(), line("退款", "-8.80", "R1", "0.00"), line("退款", "-1.00", fee="0.01"), refunds=2)
    payment, refund, numberless = rows_of(text)
    assert (payment.kind, payment.out_trade_no, payment.channel_trade_no) == ("payment", "G1", "2026112322001")
    assert (payment.amount_fen, payment.fee_fen, payment.number) == (8880, 53, "G1")
    assert payment.at == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    assert (refund.kind, refund.amount_fen, refund.fee_fen, refund.number) == ("refund", 880, 0, "R1")
    assert (numberless.refund_no, numberless.fee_fen) == ("G1", -1)


@pytest.mark.parametrize(
    "text",
    [
        details(line(), payments=2),
        details(line("退款", "-1.00", "R1"), payments=0, refunds=0),
        details(line()).partition("#交易合计")[0],
        details(line("分润")),
        details(line(amount="1.2.3")),
        details(line(fee="x")),
        details(line().replace("2026-11-23 12:00:00", "noon")),
        details(line()).replace("订单金额", "金额"),
    ],
)
def test_a_bill_that_does_not_add_up_is_none(text):
    with pytest.raises(ChannelOutcomeUnknown):
        list(rows_of(text))


def test_a_bill_without_rows_is_whole():
    assert list(rows_of(details(payments=0))) == []


@pytest.mark.asyncio
async def test_a_dead_address_is_asked_for_again():
    desk = Desk(b"<html>expired</html>", archive(details(line())))
    assert len(await fetched(desk)) == 1
    assert desk.asked == 2
    with pytest.raises(ChannelUnavailable):
        await fetched(Desk(*[b"<html>"] * 3))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "file",
    [
        archive("#支付宝账务明细查询\r\n"),
        archive(details(line()), codec="utf-16"),
        archive(details(line()))[:-60] + archive(details())[-60:],
    ],
)
async def test_a_damaged_file_is_an_unknown_outcome(file):
    with pytest.raises(ChannelOutcomeUnknown):
        await fetched(Desk(file))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"code": "40004", "sub_code": "BILL_NOT_EXIST"}, ChannelUnavailable),
        ({"code": "20000", "sub_code": "isp.bill_not_exist"}, ChannelUnavailable),
        ({"code": "40004", "sub_code": "USER_RATE_LIMIT"}, ChannelUnavailable),
        ({"code": "40004", "sub_code": "INVAILID_ARGUMENTS"}, ChannelRefused),
        ({"code": "20000", "sub_code": "isp.unknow-error"}, ChannelOutcomeUnknown),
    ],
)
async def test_a_bill_that_is_not_there_yet_is_waited_for(answer, error):
    with pytest.raises(error):
        await fetched(Desk(**answer))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer", [{"code": "40004", "sub_code": "NO_BILL_DATA"}, {"bill_file_code": "EMPTY_DATA_WITH_BILL_FILE"}]
)
async def test_no_business_is_an_empty_bill(answer):
    assert await fetched(Desk(**answer)) == ()
