"""
A day's bill as both APIs write it: text into rows of ours.

Facts: wechatpay/bill-format, wechatpay/bill-download
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from reference_gateway.channels.port import BillRow
from reference_gateway.channels.wechatpay.words import BEIJING
from reference_gateway.domain.money import Fen
from reference_gateway.errors import ChannelUnavailable

BILL_BYTES_MAX = 256 << 20
MARK = "`"
# The last two lines: what the summary's columns are called, and the summary.
SUMMARY_LINES = 2
# Back to the buyer: a refund, or a payment by code that was reversed.
BACK = frozenset({"REFUND", "REVOKED"})
# Facts: wechatpay/refund-states. A refund that failed moved nothing.
FAILED = "FAIL"


def unpacked(file: bytes) -> bytes:
    """
    Undo gzip where there is any.

    Raises:
        ChannelUnavailable: damaged; a fresh copy may be asked for.
    """
    if not file.startswith(b"\x1f\x8b"):
        return file
    try:
        return gzip.decompress(file)
    except (OSError, EOFError, zlib.error) as error:
        raise ChannelUnavailable("the bill's file is damaged", code="bill_damaged") from error


def rows_of(file: bytes) -> tuple[BillRow, ...]:
    """
    Read a bill of the type ALL, unpacked.

    Raises:
        ChannelUnavailable: not a bill, or one that was cut short.
    """
    try:
        head, *lines = _lines(file.decode("utf-8-sig"))
        return tuple(_rows(head.split(","), lines))
    except (KeyError, ValueError, InvalidOperation) as error:
        raise ChannelUnavailable(f"the bill cannot be read: {error}", code="bill_damaged") from error


def _lines(text: str) -> list[str]:
    """The head and the rows, if there are as many as the summary says."""
    lines = text.splitlines()
    if len(lines) <= SUMMARY_LINES or not lines[-1].startswith(MARK):
        raise ValueError("the summary is missing")
    rows = lines[:-SUMMARY_LINES]
    if int(lines[-1].split(",")[0].removeprefix(MARK)) != len(rows) - 1:
        raise ValueError("it has other rows than its summary says")
    return rows


def _rows(names: list[str], lines: list[str]) -> Iterator[BillRow]:
    for line in lines:
        cells = [cell.removeprefix(MARK) for cell in line.split(",")]
        if len(cells) != len(names):
            raise ValueError(f"a row has {len(cells)} cells, the head {len(names)}")
        row = dict(zip(names, cells, strict=True))
        if row["交易状态"] not in BACK:
            yield _payment(row)
        elif row["退款状态"] != FAILED:
            yield _refund(row)


def _payment(row: Mapping[str, str]) -> BillRow:
    return BillRow(
        kind="payment",
        out_trade_no=row["商户订单号"],
        channel_trade_no=row["微信订单号"],
        amount_fen=_fen(row["订单金额"]),
        fee_fen=_fen(row["手续费"]),
        at=_at(row["交易时间"]),
    )


def _refund(row: Mapping[str, str]) -> BillRow:
    return BillRow(
        kind="refund",
        out_trade_no=row["商户订单号"],
        channel_trade_no=row["微信订单号"],
        amount_fen=_fen(row["申请退款金额"]),
        fee_fen=_fen(row["手续费"]),
        at=_at(row["交易时间"]),
        refund_no=row["商户退款单号"],
    )


def _fen(yuan_text: str) -> Fen:
    """Amounts have two places; a fee may have five and is rounded, as it is in the account."""
    yuan = Decimal(yuan_text)
    if not yuan.is_finite():
        raise ValueError(f"not an amount in yuan: {yuan_text!r}")
    return Fen(int((yuan * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def _at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
