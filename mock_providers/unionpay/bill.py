"""
The reconciliation file: one line of fixed columns for each transaction, a file for disputes, a summary, and the ZIP.

Every column is ASCII, so that it does not matter whether a reader slices bytes or characters. Knows no request; which
lines there are is for `files.py` to say.

Facts: unionpay/file-names, unionpay/file-columns
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

_ACQUIRER, _FORWARDER = "00010000", "00049993"
_NOTHING_12 = "0" * 12
# Widths of the columns of a transaction, and of a dispute.
ZM_WIDTHS = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13,
    8, 32, 13, 13, 12, 2, 1, 131,
)  # fmt: skip
ZME_WIDTHS = (3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135)
_TRADE_CODES = {"01": "S56", "03": "S56", "31": "S22", "33": "S22", "04": "S30", "99": "S22"}
_TITLES = {"01": "消费", "03": "预授权完成", "31": "消费撤销", "33": "预授权完成撤销", "04": "退货", "99": "冲正"}


@dataclass(frozen=True, slots=True)
class Line:
    """
    One settled transaction.

    Args:
        back: whether money goes back to the payer.
        fee_fen: kept by the platform.
        orig_trace: trace number and moment of what it undoes, "" where it undoes nothing.
        number: of the payment in the book, which is no column.
    """

    txn_type: str
    txn_sub_type: str
    biz_type: str
    order_id: str
    query_id: str
    trace_no: str
    trace_time: str
    account: str
    card_kind: str
    amount_fen: int
    fee_fen: int
    back: bool = False
    orig_query_id: str = ""
    orig_trace: tuple[str, str] = ("", "")
    reserved: str = ""
    number: str = ""

    @property
    def net_fen(self) -> int:
        """What the merchant gets, below zero where it pays."""
        return -self.amount_fen if self.back else self.amount_fen - self.fee_fen


def zm_line(line: Line, *, merchant: str) -> str:
    """
    607 characters.

    Facts: unionpay/file-columns
    """
    trace, moment = line.orig_trace
    nothing = f" {_NOTHING_12}"
    columns = (
        *(_TRADE_CODES.get(line.txn_type, "S56"), _ACQUIRER, _FORWARDER, line.trace_no, line.trace_time, line.account),
        *(f"{line.amount_fen:012d}", "5999", "07", line.query_id, "00", line.order_id[:32], line.card_kind),
        *(trace, moment, _signed(-line.fee_fen), _signed(line.net_fen), "0001", "", line.txn_type, line.txn_sub_type),
        *(line.biz_type, "01", "", "", "0", line.orig_query_id, merchant, "0", "0" * 15, "", nothing),
        *(_signed(line.net_fen), "01080209", _ascii(line.reserved)[:32], nothing, nothing, _NOTHING_12, "00", "0", ""),
    )
    return " ".join(text.ljust(width) for text, width in zip(columns, ZM_WIDTHS, strict=True))


def _signed(amount_fen: int) -> str:
    """C for what the merchant gets, D for what it pays, a blank for neither."""
    if amount_fen == 0:
        return f" {_NOTHING_12}"
    return f"{'C' if amount_fen > 0 else 'D'}{abs(amount_fen):012d}"


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def summary(lines: Sequence[Line], *, merchant: str, settled: date, made: date) -> str:
    """
    What people read: counts and sums in yuan, by kind of transaction and by kind of card.

    Facts: unionpay/file-names
    """
    head = [
        f"商户号:{merchant}",
        f"收单机构:{_ACQUIRER}",
        "币种:156",
        f"清算日期:{settled:%Y%m%d}",
        f"生成日期:{made:%Y%m%d}",
        "",
    ]
    kinds = sorted({line.txn_type for line in lines})
    cards = sorted({line.card_kind for line in lines})
    by_kind = [_sums(_TITLES.get(kind, kind), [one for one in lines if one.txn_type == kind]) for kind in kinds]
    by_card = [_sums(kind, [one for one in lines if one.card_kind == kind]) for kind in cards]
    return "\r\n".join([*head, "交易类型汇总", *by_kind, "", "卡种汇总", *by_card, ""])


def _sums(title: str, lines: Sequence[Line]) -> str:
    """Count, then debit and credit of amount, fee and net."""
    debit = sum(line.amount_fen for line in lines if line.back)
    credit = sum(line.amount_fen for line in lines if not line.back)
    fee = sum(line.fee_fen for line in lines)
    net = sum(line.net_fen for line in lines)
    amounts = (debit, credit, fee, 0, max(-net, 0), max(net, 0))
    return " ".join((title, str(len(lines)), *(f"{one // 100}.{one % 100:02d}" for one in amounts)))


def packed(lines: Sequence[Line], *, merchant: str, settled: date, made: date) -> bytes:
    """
    The ZIP with its three members.

    Facts: unionpay/file-names
    """
    stamp = f"{settled:%y%m%d}88"
    members = {
        f"INN{stamp}ZM_{merchant}": "".join(f"{zm_line(line, merchant=merchant)}\r\n" for line in lines),
        f"INN{stamp}ZME_{merchant}": "",
        f"RD2010{stamp}_{merchant}": summary(lines, merchant=merchant, settled=settled, made=made),
    }
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            info = zipfile.ZipInfo(name, (made.year, made.month, made.day, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text.encode("gbk"))
    return buffer.getvalue()
