"""UnionPay's reconciliation file as the gateway reads it."""

import asyncio
import base64
import io
import zipfile
import zlib
from datetime import UTC, date, datetime

import pytest

from reference_gateway.channels.unionpay.bill import WIDTHS, rows_of
from reference_gateway.channels.unionpay.channel import UnionPayChannel
from reference_gateway.channels.unionpay.merchant import UnionPayMerchant
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelRefused, ChannelUnavailable
from tests.unit.reference_gateway import unionpay_desk as desk
from tests.unit.reference_gateway.unionpay_desk import Seen, run, saying

DAY = date(2026, 11, 23)
# Where each field stands, counted from 1, as the vendor's page has it.
STARTS = {
    "traceTime": 36,
    "txnAmt": 67,
    "queryId": 88,
    "orderId": 113,
    "fee": 167,
    "txnType": 216,
    "origQryId": 272,
    "reqReserved": 398,
}


def line(**fields: str) -> bytes:
    told = {"traceTime": "1123120000", "txnAmt": "000000000100", "fee": "D000000000001", "txnType": "01", **fields}
    row = bytearray(b" " * 607)
    for name, value in told.items():
        start = STARTS[name] - 1
        row[start : start + len(value.encode("gbk"))] = value.encode("gbk")
    return bytes(row)


def content(*lines: bytes, name: str = "INN26112388ZM_777290058110048") -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"\r\n".join(lines) + b"\r\n")
        archive.writestr(name.replace("ZM_", "ZME_"), b"x" * 339)
        archive.writestr("RD201026112388_777290058110048", "合计".encode("gbk"))
    return base64.b64encode(zlib.compress(packed.getvalue())).decode()


def test_the_columns_are_607_wide():
    assert sum(WIDTHS) + len(WIDTHS) + 131 == 607


def test_payments_and_what_went_back_are_rows():
    rows = rows_of(
        content(
            line(orderId="G1", queryId="Q1"),
            line(orderId="G2C", queryId="Q2", txnType="03", fee="000000000000 "),
            line(
                orderId="R1",
                queryId="Q3",
                txnType="04",
                txnAmt="000000000040",
                fee="C000000000001",
                reqReserved="G1.100",
            ),
            line(orderId="R2", queryId="Q4", txnType="04", origQryId="Q1", reqReserved="made elsewhere"),
            line(orderId="R3", queryId="Q5", txnType="04", origQryId="Q0"),
            line(orderId="G1U", queryId="Q6", txnType="31"),
            line(orderId="G2W", queryId="Q7", txnType="33"),
            line(orderId="G3", queryId="Q8", txnType="02"),
            line(orderId="G3V", queryId="Q9", txnType="32"),
        ),
        DAY,
    )
    assert [(row.kind, row.out_trade_no, row.refund_no, row.channel_trade_no) for row in rows] == [
        ("payment", "G1", "", "Q1"),
        ("payment", "G2", "", "Q2"),
        ("refund", "G1", "R1", "Q3"),
        ("refund", "G1", "R2", "Q4"),
        ("refund", "", "R3", "Q5"),
        ("refund", "G1", "G1U", "Q6"),
        ("refund", "G2", "G2W", "Q7"),
    ]
    assert [(row.amount_fen, row.fee_fen) for row in rows[:3]] == [(100, 1), (100, 0), (40, -1)]
    assert rows[0].at == datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_columns_are_cut_out_of_bytes():
    (row,) = rows_of(content(line(orderId="G1", queryId="Q1", reqReserved="打赏").replace(b"D000", b"D000", 1)), DAY)
    assert row.out_trade_no == "G1"


def test_the_file_of_new_years_day_has_rows_of_the_old_year():
    (row,) = rows_of(content(line(orderId="G1", traceTime="1231233000")), date(2027, 1, 1))
    assert row.at == datetime(2026, 12, 31, 15, 30, tzinfo=UTC)


DAMAGED = {
    "no base64": "no!",
    "no zlib": base64.b64encode(b"x").decode(),
    "cut off": base64.b64encode(base64.b64decode(content(line()))[:-20]).decode(),
    "no ZIP": base64.b64encode(zlib.compress(b"x")).decode(),
    "a short line": content(b"short"),
    "an amount that is none": content(line(txnAmt="00000000x100")),
    "a moment that is none": content(line(traceTime="1399999999")),
    "a fee that is none": content(line(fee="Dx")),
    "a completion that is not ours": content(line(txnType="03", orderId="X1")),
}


@pytest.mark.parametrize("why", DAMAGED)
def test_a_damaged_file_is_no_bill(why):
    with pytest.raises(ChannelOutcomeUnknown):
        rows_of(DAMAGED[why], DAY)


def test_the_file_is_asked_for_by_settlement_day_at_the_root():
    seen: Seen = []
    answer = saying(settleDate="1123", fileContent=content(line(orderId="G1", queryId="Q1")))
    rows = run(answer, lambda own: own.download_bill(DAY), seen=seen)
    assert [row.out_trade_no for row in rows] == ["G1"]
    ((path, sent),) = seen
    assert (path, sent["txnType"], sent["fileType"], sent["settleDate"]) == ("/", "76", "00", "1123")
    assert not {"orderId", "channelType"} & sent.keys()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"respCode": "98"}, ChannelUnavailable),
        ({"respCode": "99"}, ChannelOutcomeUnknown),
        ({"respCode": "32"}, ChannelRefused),
        ({"settleDate": "1122", "fileContent": content(line())}, ChannelOutcomeUnknown),
        ({"settleDate": "1123"}, ChannelOutcomeUnknown),
    ],
)
def test_without_a_file_there_is_no_bill(fields, error):
    with pytest.raises(error):
        run(saying(**fields), lambda own: own.download_bill(DAY))


def test_without_a_file_host_bills_are_absent():
    own = desk.unstarted()
    assert "download_bill" in own.supports()
    bare = UnionPayChannel(
        "unionpay_rsa",
        UnionPayMerchant("http://127.0.0.1:9", "", desk.MER_ID, desk.rsa_signing()),
        clock=own._clock,
    )
    assert "download_bill" not in bare.supports()
    with pytest.raises(ChannelRefused, match="GATEWAY_UNIONPAY_FILE_URL"):
        asyncio.run(bare.download_bill(DAY))
