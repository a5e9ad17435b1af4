"""
The bills: alipay.data.dataservice.bill.downloadurl.query, and the download whose address it tells.

A bill is written out of the book when it is fetched, with the differences that somebody has planted in it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from hashlib import md5
from urllib.parse import urlencode

from mock_providers.alipay import codes
from mock_providers.alipay.bill_files import BillRow, Period, journal_bill, trade_bill
from mock_providers.alipay.business import Unreadable, text_field
from mock_providers.alipay.orders import buyer_logon_id
from mock_providers.alipay.times import BEIJING
from mock_providers.alipay.work import Office, Work
from mock_providers.core.books.book import Refund, RefundState, Trade
from mock_providers.core.books.payouts import Payout, PayoutState
from mock_providers.core.books.planted import Difference, DifferenceKind
from mock_providers.core.wire.hosts import host_of
from mock_providers.core.wire.reply import ProviderReply, WireReply

DOWNLOAD_PATH = "/downloadBillFile.resource"

# See alipay/bills.
_SERVED = frozenset({"trade", "signcustomer"})
_KNOWN = _SERVED | {"merchant_act", "trade_zft_merchant", "zft_acc", "settlementMerge"}
_LIFE_S = 30
_READY_AT = time(9, tzinfo=BEIJING)
_MONTH_READY_DAY = 3
_OLDEST = timedelta(days=6 * 365)
_DAY, _MONTH = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII), re.compile(r"\d{4}-\d{2}", re.ASCII)
# Every seller here signed on this day.
_REGISTERED = date(2021, 1, 1)
# What an account had before a run began, where nobody says otherwise.
_OPENING_BALANCE_FEN = 100_000_000
_BILL_CENTRE = "dwbillcenter.alipay.com"
_VENDORS = (".alipay.com", ".alipaydev.com")


@dataclass(frozen=True, slots=True)
class Span:
    """
    The days of a bill.

    Args:
        name: "20190916", or "201909" for a month.
        ready_at: from when on the bill is there.
    """

    name: str
    first: date
    last: date
    ready_at: datetime

    @property
    def start_at(self) -> datetime:
        """Its first moment; a bill's day is a Beijing day."""
        return _midnight(self.first)

    @property
    def end_at(self) -> datetime:
        """The first moment after."""
        return _midnight(self.last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), BEIJING)


def span_of(text: str) -> Span | None:
    """
    Read a `bill_date`; None for what is no date.

    Facts: alipay/bills
    """
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return Span(text.replace("-", ""), day, day, _ready(day + timedelta(days=1)))
        if _MONTH.fullmatch(text):
            first = date.fromisoformat(f"{text}-01")
            following = (first + timedelta(days=31)).replace(day=1)
            ready_at = _ready(following.replace(day=_MONTH_READY_DAY))
            return Span(text.replace("-", ""), first, following - timedelta(days=1), ready_at)
    except (ValueError, OverflowError):
        return None
    return None


def _ready(day: date) -> datetime:
    return datetime.combine(day, _READY_AT)


def order_of(office: Office, work: Work) -> str:
    """What faults take for the order of such a call."""
    del office  # the request says it all
    return f"bill-{work.fields.get('bill_type')}-{work.fields.get('bill_date')}"[:64]


def bill_query(office: Office, work: Work) -> ProviderReply:
    """
    Tell where a bill is, for half a minute.

    Facts: alipay/bills
    """
    bill_type = text_field(work.fields, "bill_type", max_chars=32)
    asked = text_field(work.fields, "bill_date", max_chars=16)
    if bill_type is None or bill_type not in _KNOWN:
        raise Unreadable("bill_type")
    span = span_of(asked or "")
    if span is None:
        raise Unreadable("bill_date")
    code = _unavailable(bill_type, span, work.now)
    if code:
        return codes.business(code)
    empty = not rows_of(office, work.app.seller_id, span)
    if empty and not office.policy.bill_empty_file:
        return codes.business("NO_BILL_DATA")
    fields: dict[str, object] = {"bill_download_url": _address(office, work, bill_type, span)}
    if empty:
        fields["bill_file_code"] = "EMPTY_DATA_WITH_BILL_FILE"
    return codes.success(fields)


def _unavailable(bill_type: str, span: Span, now: datetime) -> str:
    """
    The code for a bill that cannot be had, "" for one that can.

    Facts: alipay/bills
    """
    today = now.astimezone(BEIJING).date()
    if span.last >= today or span.first < today - _OLDEST:
        return "INVAILID_ARGUMENTS"
    if span.last < _REGISTERED:
        return "BILL_DATE_BEFORE_REGISTRATION"
    if bill_type not in _SERVED:
        return "TYPE_NOT_SUPPORTED"
    return "BILL_NOT_EXIST" if now < span.ready_at else ""


def _address(office: Office, work: Work, bill_type: str, span: Span) -> str:
    """The captured form, on the port by which the caller came, or on the vendor's host for who came by that."""
    account = f"{work.app.seller_id}0156"
    stamp = str(int(work.now.timestamp()))
    file = f"{span.name}.csv.zip"
    parts = {
        "bizType": bill_type,
        "userId": account,
        "fileType": "csv.zip",
        "bizDates": span.name,
        "downloadFileName": f"{account}_{file}",
        "fileId": f"/{bill_type}/{account}/{file}",
        "timestamp": stamp,
    }
    parts["token"] = _token(office, parts)
    host = host_of(work.entry)
    base = work.entry
    if not host or host.endswith(_VENDORS):
        secure = str(work.fields.get("secure", "")).lower() in {"true", "y", "1"}
        base = f"{'https' if secure else 'http'}://{_BILL_CENTRE}"
    return f"{base}{DOWNLOAD_PATH}?{urlencode(parts)}"


def _token(office: Office, parts: Mapping[str, str]) -> str:
    secret = office.ids.letters(32, "bill-secret")
    named = "&".join(parts.get(name, "") for name in ("bizType", "userId", "bizDates", "timestamp"))
    return md5(f"{named}&{secret}".encode(), usedforsecurity=False).hexdigest()


def download(office: Office, parts: Mapping[str, str]) -> WireReply:
    """
    The file behind an address, while the address lives.

    Facts: alipay/bills
    """
    span, now = _span_named(parts.get("bizDates", "")), office.now()
    if span is None or parts.get("token") != _token(office, parts):
        return _no_file("下载链接无效")
    if now.timestamp() >= int(parts["timestamp"]) + _LIFE_S:
        return _no_file("下载链接已失效")
    merchant_id = parts["userId"].removesuffix("0156")
    period = Period(parts["userId"], span.name, span.start_at, span.end_at, max(span.ready_at, span.end_at))
    rows = rows_of(office, merchant_id, span)
    if parts["bizType"] == "trade":
        content = trade_bill(rows, period)
    else:
        content = journal_bill(rows, period, balance_fen=_balance_before(office, merchant_id, span))
    told = f'attachment; filename="{period.account}_{span.name}.csv.zip"'
    headers = (("Content-Type", "application/octet-stream"), ("Content-Disposition", told))
    return WireReply(200, headers, content)


def _span_named(name: str) -> Span | None:
    if not name.isdigit() or not name.isascii():
        return None
    return span_of("-".join(part for part in (name[:4], name[4:6], name[6:]) if part))


def _no_file(why: str) -> WireReply:
    """A page for humans, as the bill centre shows one to whoever comes too late."""
    text = f"<!DOCTYPE html><html><head><meta charset=GBK></head><body><p>{why}</p></body></html>"
    return WireReply(200, (("Content-Type", "text/html;charset=GBK"),), text.encode("gbk"))


def rows_of(office: Office, merchant_id: str, span: Span) -> list[BillRow]:
    """
    What happened in these days, in its order, with what was planted in their bills.

    Facts: alipay/bills
    """
    planted = [one for one in office.book.planted if (one.provider, one.merchant_id) == ("alipay", merchant_id)]
    dated = _postponed([(_day_of(row), row) for row in _true_rows(office, merchant_id)], planted)
    rows = [row for day, row in dated if span.first <= day <= span.last]
    for one in planted:
        if span.first <= one.day <= span.last:
            rows = _differing(rows, one)
    return rows


def _day_of(row: BillRow) -> date:
    return row.finished_at.astimezone(BEIJING).date()


def _postponed(dated: list[tuple[date, BillRow]], planted: list[Difference]) -> list[tuple[date, BillRow]]:
    """Refunds that stand in the next day's bill, as some do in reality."""
    for one in planted:
        if one.kind is not DifferenceKind.REFUND_OTHER_DAY:
            continue
        for place, (day, row) in enumerate(dated):
            if day == one.day and row.refund and one.out_trade_no in {"", row.out_trade_no}:
                dated[place] = (day + timedelta(days=1), row)
                break
    return dated


def _differing(rows: list[BillRow], one: Difference) -> list[BillRow]:
    if one.kind is DifferenceKind.EMPTY_BILL:
        return [row for row in rows if _day_of(row) != one.day]
    if one.kind is DifferenceKind.EXTRA_ROW:
        return [*rows, _extra(one)]
    place = next((place for place, row in enumerate(rows) if _fits(row, one)), None)
    if place is None or one.kind is DifferenceKind.REFUND_OTHER_DAY:
        return rows
    row = rows[place]
    if one.kind is DifferenceKind.MISSING_ROW:
        return rows[:place] + rows[place + 1 :]
    if one.kind is DifferenceKind.AMOUNT:
        changed = replace(row, amount_fen=row.amount_fen + one.add_fen)
    else:
        changed = replace(row, fee_fen=row.fee_fen - one.add_fen)
    return [*rows[:place], changed, *rows[place + 1 :]]


def _fits(row: BillRow, one: Difference) -> bool:
    return _day_of(row) == one.day and one.out_trade_no in {"", row.out_trade_no}


def _extra(one: Difference) -> BillRow:
    """A payment that nobody ever made."""
    at = _midnight(one.day) + timedelta(hours=12)
    order = one.out_trade_no or "nobody-knows-this"
    number = f"{one.day:%Y%m%d}22001999999999999999"
    return BillRow(number, order, "不存在的交易", at, at, "159****0000", max(one.add_fen, 1))


def _true_rows(office: Office, merchant_id: str) -> list[BillRow]:
    rows: list[BillRow] = []
    for trade in office.book.trades(now=office.now()):
        if (trade.opening.provider, trade.opening.merchant_id) == ("alipay", merchant_id):
            rows += _rows_of_trade(office, trade)
    for payout in office.book.payouts:
        if (payout.provider, payout.merchant_id) == ("alipay", merchant_id):
            rows += _rows_of_payout(payout)
    return sorted(rows, key=lambda row: row.finished_at)


def _rows_of_trade(office: Office, trade: Trade) -> Iterator[BillRow]:
    opening = trade.opening
    if trade.paid_at is None or trade.trade_no is None:
        return
    details = opening.details
    paid = BillRow(
        trade_no=trade.trade_no,
        out_trade_no=opening.out_trade_no,
        subject=opening.subject,
        created_at=trade.scanned_at or opening.created_at,
        finished_at=trade.paid_at,
        account=buyer_logon_id(trade),
        amount_fen=opening.total_fen,
        fee_fen=-office.policy.fee_fen(opening.total_fen),
        store_id=details.get("store_id", ""),
        operator_id=details.get("operator_id", ""),
        terminal_id=details.get("terminal_id", ""),
    )
    yield paid
    for refund in trade.refunds.values():
        if refund.state is RefundState.SUCCEEDED:
            yield _refund_row(paid, refund)


def _refund_row(paid: BillRow, refund: Refund) -> BillRow:
    return replace(
        paid,
        amount_fen=-refund.amount_fen,
        fee_fen=0,
        request_no=refund.out_request_no,
        finished_at=refund.settled_at or refund.at,
        remark=refund.reason,
    )


def _rows_of_payout(payout: Payout) -> Iterator[BillRow]:
    """What came back is a line of its own; what failed never left."""
    if payout.state is PayoutState.FAILED:
        return
    remark = payout.details.get("remark", "")
    gone = BillRow(
        trade_no=payout.order_no,
        out_trade_no=payout.out_biz_no,
        subject="转账",
        created_at=payout.asked_at,
        finished_at=payout.asked_at,
        account=payout.payee,
        amount_fen=-payout.amount_fen,
        payout=True,
        remark=remark,
    )
    yield gone
    if payout.state is PayoutState.RETURNED and payout.settled_at is not None:
        yield replace(gone, amount_fen=payout.amount_fen, finished_at=payout.settled_at, remark="转账退回")


def _balance_before(office: Office, merchant_id: str, span: Span) -> int:
    before = sum(
        row.amount_fen + row.fee_fen for row in _true_rows(office, merchant_id) if row.finished_at < span.start_at
    )
    opening = office.policy.balance_fen
    return before + (_OPENING_BALANCE_FEN if opening is None else opening)
