"""
Bill files, as text: trades and fund flow of one day, out of the same book as the answers and the notifies.

Which day may be asked for and how a file travels is each API's own business.

Facts: wechatpay/bill-format
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mock_providers.core.books.book import Opening, Refund, Trade
from mock_providers.core.books.planted import Difference, DifferenceKind
from mock_providers.core.money import Fen, yuan_text
from mock_providers.wechatpay.desk import PROVIDER_NAME, Desk
from mock_providers.wechatpay.states import RefundWord, refund_word_of
from mock_providers.wechatpay.times import BEIJING, spaced
from mock_providers.wechatpay.v3.orders import TRADE_TYPES, payer_of

_BOM = "\ufeff"
_DAY = timedelta(days=1)
# Six per mille, the usual contract.
_FEE_PER_MILLE = 6
_RATE = "0.60%"

_BEFORE_REFUND = (
    *("交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号", "用户标识", "交易类型"),
    *("交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额"),
)
_REFUND = ("微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态")
_AFTER_REFUND = ("商品名称", "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注")
_REFUND_TIMES = ("退款申请时间", "退款成功时间")
_SUMMARY = (
    *("总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额"),
)
_FLOW = (
    *(
        "记账时间",
        "微信支付业务单号",
        "资金流水单号",
        "业务名称",
        "业务类型",
        "收支类型",
        "收支金额(元)",
        "账户结余(元)",
    ),
    *("资金变更提交申请人", "备注", "业务凭证号"),
)
_FLOW_SUMMARY = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
_REFUND_STATUS = {
    RefundWord.SUCCESS: "SUCCESS",
    RefundWord.PROCESSING: "PROCESSING",
    RefundWord.CLOSED: "FAIL",
    RefundWord.ABNORMAL: "CHANGE",
}


@dataclass(frozen=True, slots=True)
class Line:
    """
    One event of a day: a payment, or a refund of one.

    Args:
        off_fen: by how much its amount differs from the book.
        fee_off_fen: likewise its fee.
    """

    at: datetime
    trade: Trade
    refund: Refund | None = None
    off_fen: int = 0
    fee_off_fen: int = 0

    @property
    def amount_fen(self) -> int:
        """What was paid, or what went back."""
        true_fen = self.trade.opening.total_fen if self.refund is None else self.refund.amount_fen
        return true_fen + self.off_fen

    @property
    def fee_fen(self) -> int:
        """What the platform takes for a payment and gives back for a refund, rounded half up."""
        true_fen = self.trade.opening.total_fen if self.refund is None else self.refund.amount_fen
        fee_fen = (true_fen * _FEE_PER_MILLE + 500) // 1000
        return (fee_fen if self.refund is None else -fee_fen) + self.fee_off_fen


def lines_of(desk: Desk, mchid: str, day: datetime, *, kind: str = "ALL") -> list[Line]:
    """
    The payments and the accepted refunds of a Beijing day, in order of time, with what was planted in its bill.

    Args:
        day: its midnight.
        kind: ALL, SUCCESS or REFUND.

    Facts: wechatpay/bill-format
    """
    trades = (one for one in desk.book.trades(now=desk.now()) if one.opening.provider == PROVIDER_NAME)
    mine = (one for one in trades if one.opening.merchant_id == mchid and not one.opening.details.get("sandbox"))
    found = [line for one in mine for line in _lines(one, kind)]
    planted = [one for one in desk.book.planted if (one.provider, one.merchant_id) == (PROVIDER_NAME, mchid)]
    return sorted(as_planted(found, planted, day=day), key=lambda line: (line.at, line.trade.seq))


def as_planted(lines: Iterable[Line], planted: Iterable[Difference], *, day: datetime) -> list[Line]:
    """
    The lines of one day's bill, as wrong as somebody wants them.

    Args:
        lines: of all days.
        planted: one merchant's, of all days.
    """
    planted = list(planted)
    moved = [_on_another_day(line, planted) for line in lines]
    rows = [line for line in moved if day <= line.at < day + _DAY]
    for one in planted:
        if one.day == day.date():
            rows = _differing(rows, one, day=day)
    return rows


def _on_another_day(line: Line, planted: Iterable[Difference]) -> Line:
    """A refund that the next day's bill has instead."""
    if line.refund is None:
        return line
    today = line.at.astimezone(BEIJING).date()
    late = any(one.kind is DifferenceKind.REFUND_OTHER_DAY and one.day == today and _fits(line, one) for one in planted)
    return replace(line, at=line.at + _DAY) if late else line


def _fits(line: Line, one: Difference) -> bool:
    return one.out_trade_no in {"", line.trade.opening.out_trade_no}


def _differing(rows: list[Line], one: Difference, *, day: datetime) -> list[Line]:
    if one.kind is DifferenceKind.EMPTY_BILL:
        return []
    if one.kind is DifferenceKind.EXTRA_ROW:
        return [*rows, _stranger(one, day=day)]
    place = next((place for place, line in enumerate(rows) if _fits(line, one)), None)
    if place is None or one.kind is DifferenceKind.REFUND_OTHER_DAY:
        return rows
    before, line, after = rows[:place], rows[place], rows[place + 1 :]
    if one.kind is DifferenceKind.MISSING_ROW:
        return [*before, *after]
    if one.kind is DifferenceKind.AMOUNT:
        return [*before, replace(line, off_fen=one.add_fen), *after]
    return [*before, replace(line, fee_off_fen=one.add_fen), *after]


def _stranger(one: Difference, *, day: datetime) -> Line:
    """A payment that never was."""
    at = day + timedelta(hours=12)
    opening = Opening(
        provider=PROVIDER_NAME,
        out_trade_no=one.out_trade_no or f"extra-{day:%Y%m%d}",
        merchant_id=one.merchant_id,
        app_id="wx0000000000000000",
        label="",
        subject="extra row",
        total_fen=Fen(max(one.add_fen, 1)),
        created_at=at,
        expires_at=at,
        refundable_s=0.0,
    )
    return Line(at, Trade(opening=opening, seq=0, trade_no=f"4200000000{day:%Y%m%d}0000000000", paid_at=at))


def _lines(trade: Trade, kind: str) -> Iterator[Line]:
    if trade.paid_at is not None and kind != "REFUND":
        yield Line(trade.paid_at, trade)
    if kind != "SUCCESS":
        for refund in trade.refunds.values():
            yield Line(refund.at, trade, refund)


def trade_bill(lines: Sequence[Line], *, kind: str = "ALL") -> str:
    """
    UTF-8 with a byte order mark, CRLF; data cells begin with a backtick, header cells do not.

    Facts: wechatpay/bill-format
    """
    columns = [*_BEFORE_REFUND]
    if kind == "REFUND":
        columns += _REFUND_TIMES
    if kind != "SUCCESS":
        columns += _REFUND
    rows = [_cells(_row(line, kind)) for line in lines]
    return _file([",".join((*columns, *_AFTER_REFUND)), *rows, ",".join(_SUMMARY), _cells(_totals(lines))])


def _row(line: Line, kind: str) -> list[str]:
    trade, refund, opening = line.trade, line.refund, line.trade.opening
    reversed_ = trade.closed_by == "reversed" and refund is not None
    total = "0.00" if refund is not None else yuan_text(line.amount_fen)
    asked = "0.00" if refund is None else yuan_text(line.amount_fen)
    cells = [
        *(spaced(line.at), opening.app_id, opening.merchant_id, "0", opening.details.get("device_id", "")),
        *(trade.trade_no or "", opening.out_trade_no, payer_of(trade), TRADE_TYPES[opening.product]),
        *("REVOKED" if reversed_ else "SUCCESS" if refund is None else "REFUND", "OTHERS", opening.currency),
        *(total, "0.00"),
    ]
    if kind == "REFUND" and refund is not None:
        cells += [spaced(refund.at), "" if refund.settled_at is None else spaced(refund.settled_at)]
    if kind != "SUCCESS":
        cells += ["0", "0", "0.00", "0.00", "", ""] if refund is None else _refund_cells(trade, refund, asked)
    return [
        *cells,
        *(opening.subject, opening.details.get("attach", ""), yuan_text(line.fee_fen), _RATE, total, asked, ""),
    ]


def _refund_cells(trade: Trade, refund: Refund, asked: str) -> list[str]:
    status = _REFUND_STATUS[refund_word_of(trade, refund)]
    return [refund.refund_no, refund.out_request_no, asked, "0.00", "ORIGINAL", status]


def _totals(lines: Sequence[Line]) -> list[str]:
    paid_fen = sum(one.amount_fen for one in lines if one.refund is None)
    back_fen = sum(one.amount_fen for one in lines if one.refund is not None)
    fees_fen = sum(one.fee_fen for one in lines)
    paid, back, fees = yuan_text(paid_fen), yuan_text(back_fen), yuan_text(fees_fen)
    return [str(len(lines)), paid, back, "0.00", fees, paid, back]


def fund_flow_bill(lines: Sequence[Line]) -> str:
    """
    How each event moved the merchant's money, fees included.

    Facts: wechatpay/bill-format
    """
    rows, balance_fen = [], 0
    moves = [move for line in lines for move in _moves(line)]
    for at, number, name, amount_fen in moves:
        balance_fen += amount_fen
        way = "收入" if amount_fen >= 0 else "支出"
        cells = [spaced(at), number, f"{number}0", name, name, way, yuan_text(abs(amount_fen)), yuan_text(balance_fen)]
        rows.append(_cells([*cells, "system", "", number]))
    totals = [str(len(moves)), *_summed(move[3] for move in moves)]
    return _file([",".join(_FLOW), *rows, ",".join(_FLOW_SUMMARY), _cells(totals)])


def _moves(line: Line) -> Iterator[tuple[datetime, str, str, int]]:
    number = line.trade.trade_no or ""
    if line.refund is None:
        yield line.at, number, "交易", line.amount_fen
    else:
        yield line.at, line.refund.refund_no, "退款", -line.amount_fen
    if line.fee_fen:
        yield line.at, number, "扣除交易手续费", -line.fee_fen


def _summed(amounts_fen: Iterable[int]) -> list[str]:
    amounts = list(amounts_fen)
    income = [one for one in amounts if one >= 0]
    spent = [-one for one in amounts if one < 0]
    return [str(len(income)), yuan_text(sum(income)), str(len(spent)), yuan_text(sum(spent))]


def _cells(values: Iterable[str]) -> str:
    """Backticked; a comma or a line break in a merchant's text becomes its wide sister, so that splitting is safe."""
    wide = {ord(","): "，", ord("\n"): " ", ord("\r"): " ", ord("`"): "'"}  # noqa: RUF001
    return ",".join(f"`{value.translate(wide)}" for value in values)


def _file(rows: Sequence[str]) -> str:
    return _BOM + "".join(f"{row}\r\n" for row in rows)
