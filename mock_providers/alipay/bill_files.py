"""
Bill files to the letter: the business bill (`trade`) and the account journal (`signcustomer`), as GBK text in a ZIP.

Rows in, bytes out: which rows a bill has, and what is wrong with them, is decided elsewhere.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mock_providers.alipay.archive import Member, zipped
from mock_providers.alipay.times import BEIJING, text_of
from mock_providers.core.money import yuan_text

# Full-width brackets, commas and colons are the vendor's. Facts: alipay/bills
_TRADE_HEADER = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,"  # noqa: RUF001
    "券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"  # noqa: RUF001
)
_SUMMARY_HEADER = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,"  # noqa: RUF001
    "卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）"  # noqa: RUF001
)
_JOURNAL_HEADER = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,"  # noqa: RUF001
    "交易渠道,业务类型,备注"
)
_RULE, _RULE_BEFORE, _RULE_END = "-" * 41, "-" * 40, "-" * 36
_END_OF_LINE = "\r\n"
_TAB = "\t"
_TABBED = frozenset({1, 2, 3, 7, 8, 9, 10, 11, 20})
_NO_CELL = str.maketrans({",": "，", "\r": " ", "\n": " ", "\t": " ", '"': "'"})  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class BillRow:
    """
    One payment or refund, or in the journal alone a payout.

    Args:
        amount_fen: negative for money that left.
        fee_fen: what the platform kept, negative.
        request_no: of a refund; "" for a payment.
    """

    trade_no: str
    out_trade_no: str
    subject: str
    created_at: datetime
    finished_at: datetime
    account: str
    amount_fen: int
    fee_fen: int = 0
    request_no: str = ""
    store_id: str = ""
    operator_id: str = ""
    terminal_id: str = ""
    payout: bool = False
    remark: str = ""

    @property
    def refund(self) -> bool:
        """Whether it is money that went back."""
        return bool(self.request_no)


@dataclass(frozen=True, slots=True)
class Period:
    """
    What a bill is about.

    Args:
        account: "<PID>0156".
        name: "20190916", or "201909" for a month.
        start_at: the first moment, in Beijing.
        end_at: the first moment after.
        exported_at: when the file was written.
    """

    account: str
    name: str
    start_at: datetime
    end_at: datetime
    exported_at: datetime


def trade_bill(rows: Sequence[BillRow], period: Period) -> bytes:
    """
    The business bill: a summary, then the details.

    Facts: alipay/bills
    """
    business = [row for row in rows if not row.payout]
    stem = f"{period.account}_{period.name}_业务明细"
    members = (
        Member(f"{stem}(汇总).csv", _bytes(_summary(business, period))),
        Member(f"{stem}.csv", _bytes(_details(business, period))),
    )
    return zipped(members, written_at=period.exported_at.astimezone(BEIJING))


def journal_bill(rows: Sequence[BillRow], period: Period, *, balance_fen: int) -> bytes:
    """
    The account journal.

    Args:
        balance_fen: the account's before the first row.

    Facts: alipay/bills
    """
    stem = f"{period.account}_{period.name}_账务明细"
    entries = _entries(rows, balance_fen=balance_fen)
    members = (
        Member(f"{stem}(汇总).csv", _bytes(_journal_summary(entries, period))),
        Member(f"{stem}.csv", _bytes(_journal(entries, period))),
    )
    return zipped(members, written_at=period.exported_at.astimezone(BEIJING))


def _bytes(lines: Iterable[str]) -> bytes:
    """What GBK cannot write becomes a question mark."""
    return "".join(line + _END_OF_LINE for line in lines).encode("gbk", "replace")


def _head(title: str, name: str, period: Period) -> list[str]:
    return [
        f"#{title}",
        f"#账号：[{period.account}]",  # noqa: RUF001
        f"#起始日期：[{_moment(period.start_at)}]   终止日期：[{_moment(period.end_at)}]",  # noqa: RUF001
        f"#{_RULE}{name}列表{_RULE_BEFORE}",
    ]


def _foot(name: str) -> str:
    return f"#{_RULE}{name}列表结束{_RULE_END}"


def _moment(at: datetime) -> str:
    """2019年09月16日 00:00:00."""
    text = text_of(at)
    return f"{text[:4]}年{text[5:7]}月{text[8:10]}日{text[10:]}"


def _details(rows: Sequence[BillRow], period: Period) -> list[str]:
    return [
        *_head("支付宝业务明细查询", "业务明细", period),
        _TRADE_HEADER,
        *map(_detail, rows),
        _foot("业务明细"),
        *_totals(rows),
        f"#导出时间：[{_moment(period.exported_at)}]",  # noqa: RUF001
    ]


def _detail(row: BillRow) -> str:
    amount, zero = yuan_text(row.amount_fen), "0.00"
    cells = (
        *(row.trade_no, row.out_trade_no, "退款" if row.refund else "交易", row.subject),
        *(text_of(row.created_at), text_of(row.finished_at)),
        *(row.store_id, "", row.operator_id, row.terminal_id, row.account),
        *(amount, amount, zero, zero, zero, zero, zero, "", zero, zero),
        *(row.request_no or _TAB, yuan_text(row.fee_fen), zero, row.remark),
    )
    return ",".join(_cell(place, value) for place, value in enumerate(cells, 1))


def _cell(place: int, value: str) -> str:
    if value == _TAB:
        return value
    plain = value.translate(_NO_CELL)
    return plain + _TAB if place in _TABBED else plain


def _totals(rows: Sequence[BillRow]) -> list[str]:
    paid = [row.amount_fen for row in rows if not row.refund]
    back = [row.amount_fen for row in rows if row.refund]
    return [
        f"#交易合计：{len(paid)}笔，商家实收共{yuan_text(sum(paid))}元，商家优惠共0.00元",  # noqa: RUF001
        f"#退款合计：{len(back)}笔，商家实收退款共{yuan_text(sum(back))}元，商家优惠退款共0.00元",  # noqa: RUF001
    ]


def _summary(rows: Sequence[BillRow], period: Period) -> list[str]:
    stores = sorted({row.store_id for row in rows})
    return [
        *_head("支付宝业务汇总查询", "业务汇总", period),
        _SUMMARY_HEADER,
        *(_store(store, [row for row in rows if row.store_id == store]) for store in stores),
        _store("合计", rows),
        _foot("业务汇总"),
        f"#导出时间：[{_moment(period.exported_at)}]",  # noqa: RUF001
    ]


def _store(name: str, rows: Sequence[BillRow]) -> str:
    amount, fees = sum(row.amount_fen for row in rows), sum(row.fee_fen for row in rows)
    refunds = sum(row.refund for row in rows)
    cells = (
        *(name + _TAB, _TAB, str(len(rows) - refunds), str(refunds), yuan_text(amount), yuan_text(amount)),
        *("0.00", "0.00", "0.00", yuan_text(fees), "0.00", yuan_text(amount + fees)),
    )
    return ",".join(cells)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the journal."""

    row: BillRow
    amount_fen: int
    balance_fen: int
    kind: str


def _entries(rows: Sequence[BillRow], *, balance_fen: int) -> list[_Entry]:
    """A payment and its fee are two lines."""
    entries = []
    for row in rows:
        kind = "转账" if row.payout else "交易退款" if row.refund else "在线支付"
        balance_fen += row.amount_fen
        entries.append(_Entry(row, row.amount_fen, balance_fen, kind))
        if row.fee_fen:
            balance_fen += row.fee_fen
            entries.append(_Entry(row, row.fee_fen, balance_fen, "收费"))
    return entries


def _journal(entries: Sequence[_Entry], period: Period) -> list[str]:
    out = [entry.amount_fen for entry in entries if entry.amount_fen < 0]
    into = [entry.amount_fen for entry in entries if entry.amount_fen >= 0]
    return [
        *_head("支付宝账务明细查询", "账务明细", period),
        _JOURNAL_HEADER,
        *(_journal_line(number, entry, period) for number, entry in enumerate(entries, 1)),
        _foot("账务明细"),
        f"#支出合计：{len(out)}笔，共{yuan_text(sum(out))}元",  # noqa: RUF001
        f"#收入合计：{len(into)}笔，共{yuan_text(sum(into))}元",  # noqa: RUF001
        f"#导出时间：[{_moment(period.exported_at)}]",  # noqa: RUF001
    ]


def _journal_line(number: int, entry: _Entry, period: Period) -> str:
    row = entry.row
    into, out = (entry.amount_fen, 0) if entry.amount_fen >= 0 else (0, entry.amount_fen)
    cells = (
        f"{period.name}{number:012d}{_TAB}",
        row.trade_no + _TAB,
        row.out_trade_no + _TAB,
        row.subject.translate(_NO_CELL),
        text_of(row.finished_at),
        row.account + _TAB,
        *(yuan_text(into), yuan_text(out), yuan_text(entry.balance_fen)),
        *("支付宝", entry.kind, row.remark.translate(_NO_CELL)),
    )
    return ",".join(cells)


def _journal_summary(entries: Sequence[_Entry], period: Period) -> list[str]:
    kinds = sorted({entry.kind for entry in entries})
    sums = [(kind, [entry.amount_fen for entry in entries if entry.kind == kind]) for kind in kinds]
    return [
        *_head("支付宝账务汇总查询", "账务汇总", period),
        "类型,收入（笔数）,收入（+元）,支出（笔数）,支出（-元）,总金额（元）",  # noqa: RUF001
        *(_kind(kind, amounts) for kind, amounts in sums),
        _kind("合计", [entry.amount_fen for entry in entries]),
        _foot("账务汇总"),
        f"#导出时间：[{_moment(period.exported_at)}]",  # noqa: RUF001
    ]


def _kind(name: str, amounts: Sequence[int]) -> str:
    into, out = [one for one in amounts if one >= 0], [one for one in amounts if one < 0]
    return ",".join(
        (name, str(len(into)), yuan_text(sum(into)), str(len(out)), yuan_text(sum(out)), yuan_text(sum(amounts)))
    )
