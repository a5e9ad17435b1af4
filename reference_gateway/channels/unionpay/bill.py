"""
The reconciliation file: asked for by settlement day, taken out of base64, zlib and ZIP, cut into columns.

Columns are cut out of GBK bytes, as their widths are counted in bytes. What moved no money (a pre-authorisation and its
undoing) is no row of a bill.

Facts: unionpay/file-request, unionpay/file-answer, unionpay/file-names, unionpay/file-columns
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import accumulate

from reference_gateway.channels.port import BillRow
from reference_gateway.channels.unionpay.answers import fen_of
from reference_gateway.channels.unionpay.merchant import BEIJING
from reference_gateway.channels.unionpay.numbers import (
    COMPLETE,
    CONSUME,
    REFUND,
    UNDO,
    UNDO_COMPLETION,
    owner_of,
)
from reference_gateway.domain.money import Fen
from reference_gateway.errors import ChannelOutcomeUnknown

BYTES_MAX = 256 * 1024 * 1024
# name: (number of the column, counted from 1)
COLUMNS: Mapping[str, int] = {
    "traceTime": 5,
    "txnAmt": 7,
    "queryId": 10,
    "orderId": 12,
    "fee": 16,
    "txnType": 20,
    "origQryId": 27,
    "reqReserved": 35,
}
WIDTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15),
    *(1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1),
)
_STARTS = (0, *accumulate(width + 1 for width in WIDTHS))
PAYMENTS, REFUNDS = frozenset({CONSUME, COMPLETE}), frozenset({REFUND, UNDO, UNDO_COMPLETION})


def rows_of(content: str, day: date) -> tuple[BillRow, ...]:
    """
    Read `fileContent`.

    Raises:
        ChannelOutcomeUnknown: it is damaged; it can be asked for again.
    """
    try:
        records = [record for text in _members(content) for record in _records(text)]
        owners = {record["queryId"]: record["orderId"] for record in records if record["txnType"] in PAYMENTS}
        return tuple(_row(record, owners, day) for record in records if record["txnType"] in PAYMENTS | REFUNDS)
    except (ValueError, binascii.Error, zlib.error, zipfile.BadZipFile, EOFError) as error:
        raise ChannelOutcomeUnknown(f"the reconciliation file cannot be read: {error}") from error


def _members(content: str) -> Iterator[bytes]:
    """Yield the members that hold transactions."""
    unpacker = zlib.decompressobj()
    packed = unpacker.decompress(base64.b64decode(content, validate=True), BYTES_MAX)
    if not unpacker.eof:
        raise ValueError("it is cut off or too large")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for member in archive.infolist():
            if member.filename[11:14] != "ZM_":
                continue
            if member.file_size > BYTES_MAX:
                raise ValueError(f"{member.filename} is too large")
            yield archive.read(member)


def _records(text: bytes) -> Iterator[Mapping[str, str]]:
    for line in text.split(b"\r\n"):
        if not line.strip():
            continue
        if len(line) < _STARTS[-1]:
            raise ValueError("a line is too short")
        yield {name: _column(line, number) for name, number in COLUMNS.items()}


def _column(line: bytes, number: int) -> str:
    start = _STARTS[number - 1]
    return line[start : start + WIDTHS[number - 1]].decode("gbk", "replace").strip()


def _row(record: Mapping[str, str], owners: Mapping[str, str], day: date) -> BillRow:
    kind = record["txnType"]
    amount_fen, at = fen_of(record["txnAmt"]), _moment(record["traceTime"], day)
    fee_fen = _fee(record["fee"])
    if kind in PAYMENTS:
        number = owner_of(kind, record["orderId"]) if kind == COMPLETE else record["orderId"]
        return BillRow(
            kind="payment",
            out_trade_no=number,
            channel_trade_no=record["queryId"],
            amount_fen=amount_fen,
            fee_fen=fee_fen,
            at=at,
        )
    return BillRow(
        kind="refund",
        out_trade_no=_refunded(record, owners),
        channel_trade_no=record["queryId"],
        amount_fen=amount_fen,
        fee_fen=fee_fen,
        at=at,
        refund_no=record["orderId"],
    )


def _refunded(record: Mapping[str, str], owners: Mapping[str, str]) -> str:
    """Return the payment that was given back; empty where only another day's file could tell."""
    if record["txnType"] == REFUND:
        # The column may have cut the amount off; the number before it is whole.
        marked, dot, _ = record["reqReserved"].partition(".")
        return marked if dot else owners.get(record["origQryId"], "")
    return owner_of(record["txnType"], record["orderId"])


def _fee(text: str) -> Fen:
    """Read a fee: D takes it from the merchant, C gives it back; a blank is none."""
    if text[:1] in {"C", "D"}:
        return Fen(fen_of(text[1:]) * (1 if text[0] == "D" else -1))
    return fen_of(text or "0")


def _moment(text: str, day: date) -> datetime:
    """Put the year to a MMDDhhmmss: that of the day's file, or the one before at New Year."""
    year = day.year - (1 if int(text[:2]) > day.month else 0)
    return datetime.strptime(f"{year}{text}", "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
