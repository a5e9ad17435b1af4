"""
Alipay's business bill of a day: asked for, fetched while its address lives, unpacked, checked, put in our words.

The file is not signed. Its own totals must agree with its rows, so half a file is never taken for a whole one.

Facts: alipay/bills, alipay/chaos
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date

from yarl import URL

from reference_gateway.channels.alipay.http import AlipayHttp
from reference_gateway.channels.alipay.openings import Caller
from reference_gateway.channels.alipay.words import beijing_time
from reference_gateway.channels.port import BillRow
from reference_gateway.domain.money import Fen, fen_of_yuan_text
from reference_gateway.errors import ChannelOutcomeUnknown, ChannelUnavailable

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
EMPTY_FILE = "EMPTY_DATA_WITH_BILL_FILE"
FETCHES_MAX = 3
BILL_BYTES_MAX = 512 * 1024 * 1024
# GBK's superset: what a buyer's nickname may hold and GBK cannot.
CODEC = "gb18030"

TITLE = "#支付宝业务明细查询"
KINDS = {"交易": "payment", "退款": "refund"}
TRADE_NO, ORDER_NO, KIND = "支付宝交易号", "商户订单号", "业务类型"
DONE_AT, AMOUNT, REQUEST_NO, FEE = "完成时间", "订单金额（元）", "退款批次号/请求号", "服务费（元）"  # noqa: RUF001 (theirs)
_TOTAL = re.compile(r"#(交易|退款)合计：(\d+)笔")  # noqa: RUF001 (theirs)


class Bills:
    """Downloads bills."""

    def __init__(self, call: Caller, http: AlipayHttp) -> None:
        self._call = call
        self._http = http

    async def __call__(self, day: date) -> tuple[BillRow, ...]:
        """
        Return the rows of a day; none where Alipay says that there was no business.

        Raises:
            ChannelUnavailable: there is no bill yet.
            ChannelOutcomeUnknown: what was fetched is not a whole bill.
        """
        for _ in range(FETCHES_MAX):
            answer = await self._call(METHOD, {"bill_type": "trade", "bill_date": day.isoformat()})
            if answer.sub_code == "NO_BILL_DATA":
                return ()
            answer.require_done()
            if answer.get("bill_file_code") == EMPTY_FILE:
                return ()
            reply = await self._http.send("GET", URL(answer.get("bill_download_url"), encoded=True))
            # A dead address may answer with a page; then a fresh one is asked for.
            if reply.status == 200 and zipfile.is_zipfile(io.BytesIO(reply.body)):
                return tuple(rows_of(_unpacked(reply.body)))
        raise ChannelUnavailable("the bill's address gave no file", code="bill_not_fetched")


def _unpacked(archive: bytes) -> str:
    """Return the text of the details; the other member is the summary."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as unzipped:
            for member in unzipped.infolist():
                if member.file_size > BILL_BYTES_MAX:
                    raise ChannelOutcomeUnknown(f"the bill has {member.file_size} bytes unpacked; that is too many")
                text = unzipped.read(member).decode(CODEC)
                if text.startswith(TITLE):
                    return text
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, EOFError) as error:
        raise ChannelOutcomeUnknown("the bill's file is damaged") from error
    raise ChannelOutcomeUnknown("the bill's file holds no business details")


def rows_of(text: str) -> Iterator[BillRow]:
    """
    Read the details.

    Raises:
        ChannelOutcomeUnknown: a row that cannot be read, or totals that do not agree with the rows.
    """
    header: Sequence[str] = ()
    seen = {"交易": 0, "退款": 0}
    told: dict[str, int] = {}
    for line in text.splitlines():
        total = _TOTAL.match(line)
        if total is not None:
            told[total[1]] = int(total[2])
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if not header:
            header = cells
            continue
        row = dict(zip(header, cells, strict=False))
        seen[row.get(KIND, "")] = seen.get(row.get(KIND, ""), 0) + 1
        yield _row(row)
    if seen != told:
        raise ChannelOutcomeUnknown(f"the bill's totals say {told}, its rows are {seen}")


def _row(row: dict[str, str]) -> BillRow:
    try:
        kind = KINDS[row[KIND]]
        number = row[ORDER_NO]
        return BillRow(
            kind="refund" if kind == "refund" else "payment",
            out_trade_no=number,
            channel_trade_no=row[TRADE_NO],
            amount_fen=Fen(abs(_signed_fen(row[AMOUNT]))),
            fee_fen=Fen(-_signed_fen(row[FEE])),
            at=beijing_time(row[DONE_AT]),
            # Facts: alipay/refund-query. A refund that was given no number has the order's.
            refund_no=(row[REQUEST_NO] or number) if kind == "refund" else "",
        )
    except (KeyError, ValueError) as error:
        raise ChannelOutcomeUnknown(f"a row of the bill cannot be read: {error}") from error


def _signed_fen(text: str) -> int:
    if not text:
        return 0
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    return sign * fen_of_yuan_text(digits)
