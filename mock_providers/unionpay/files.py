"""
Fetching a reconciliation file: which transactions were settled on a day, and whether the file is there yet.

The lines come from the same book as answers and notices, and agree with them to the fen.
"""

import zlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from mock_providers.core.books.book import Refund, RefundState, Trade
from mock_providers.unionpay import numbers, reading
from mock_providers.unionpay.bill import Line, packed
from mock_providers.unionpay.cards import CARDS
from mock_providers.unionpay.codes import result
from mock_providers.unionpay.differences import with_differences
from mock_providers.unionpay.door import FILE_TESTER
from mock_providers.unionpay.times import BEIJING, latest_day
from mock_providers.unionpay.transactions import Found
from mock_providers.unionpay.vault import masked
from mock_providers.unionpay.work import PROVIDER, Answer, Office, Refused, Work

# What money a pre-authorisation holds is nobody's yet.
_UNSETTLED = frozenset({"02", "32"})
_TESTERS_DAY = "0119"


def download(office: Office, work: Work) -> Answer:
    """
    The file of one settlement day, as a ZIP within zlib within base64.

    Facts: unionpay/file-request, unionpay/file-answer
    """
    reading.needed(work.fields, "settleDate", "fileType")
    reading.moment(work.fields)
    if work.get("fileType") != "00":
        raise Refused(result("10"))
    settled = _day(office, work)
    lines, there = with_differences(office, settled, lambda day: tuple(lines_of(office, day)))
    if not _ready(office, work.now, settled) or not (lines or there or office.policy.file_day_empty):
        raise Refused(result("98"))
    content = zlib.compress(
        packed(lines, merchant=work.get("merId"), settled=settled, made=settled + timedelta(days=1))
    )
    return Answer(
        fields={
            "fileContent": b64encode(content).decode(),
            "fileName": f"{work.get('merId')}_{settled:%Y%m%d}.zip",
            "fileType": "00",
            "settleDate": work.get("settleDate"),
        }
    )


def _day(office: Office, work: Work) -> date:
    """The day that is asked for; the tester's one is the latest for which there is a file."""
    today = office.settlement_day(work.now)
    said = work.get("settleDate")
    if work.get("merId") == FILE_TESTER and said == _TESTERS_DAY:
        ready = {day for day in _days(office) if _ready(office, work.now, day)}
        if not ready:
            raise Refused(result("98"))
        return max(ready)
    try:
        return latest_day(said, not_after=today)
    except ValueError:
        raise Refused(result("10")) from None


def _days(office: Office) -> Iterator[date]:
    for found in _settled(office):
        if found.settled_at is not None:
            yield office.settlement_day(found.settled_at)


def _ready(office: Office, now: datetime, settled: date) -> bool:
    """Facts: unionpay/file-answer."""
    return now >= datetime.combine(settled + timedelta(days=1), office.policy.file_ready, tzinfo=BEIJING)


def lines_of(office: Office, settled: date) -> Iterator[Line]:
    """What was settled on a day, in the order of the book."""
    for found in _settled(office):
        if found.settled_at is not None and office.settlement_day(found.settled_at) == settled:
            yield _line(office, found)


def _settled(office: Office) -> Iterator[Found]:
    for trade in office.book.trades(now=office.now()):
        if trade.opening.provider != PROVIDER or trade.opening.details["txnType"] in _UNSETTLED:
            continue
        if trade.paid_at is not None:
            yield Found(trade)
        for refund in trade.refunds.values():
            if refund.state is RefundState.SUCCEEDED:
                yield Found(trade, refund)


def _line(office: Office, found: Found) -> Line:
    details, trade = found.details, found.trade
    card = trade.opening.details["accNo"]
    refunded = found.refund is not None
    return Line(
        txn_type=details["txnType"],
        txn_sub_type=details.get("txnSubType", "00"),
        biz_type=details.get("bizType", trade.opening.details.get("bizType", "")),
        order_id=details["orderId"],
        query_id=found.query_id,
        trace_no=numbers.trace_of(found.query_id),
        trace_time=details["txnTime"][4:],
        account=masked(card),
        card_kind=CARDS[card].kind if card in CARDS else "00",
        amount_fen=found.amount_fen,
        fee_fen=_fee(office, found.refund, trade),
        back=refunded,
        orig_query_id=(trade.trade_no or "") if refunded else details.get("origQryId", ""),
        orig_trace=_traced(trade) if refunded else ("", ""),
        reserved=details.get("reqReserved", ""),
        number=trade.opening.out_trade_no,
    )


def _traced(trade: Trade) -> tuple[str, str]:
    return numbers.trace_of(trade.trade_no or ""), trade.opening.details["txnTime"][4:]


def _fee(office: Office, refund: Refund | None, trade: Trade) -> int:
    """Nothing of a fee comes back with a refund."""
    return office.policy.fee_fen(trade.opening.total_fen) if refund is None else 0
