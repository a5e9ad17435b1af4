"""
Money that goes back: undoing a payment, a pre-authorisation or its completion, refunding, and the reversal.

Each is accepted at once and settled afterwards; the answer says only that it was accepted.
"""

from collections.abc import Mapping

from mock_providers.core.books.book import Refund, RefundState, Trade, TradeState
from mock_providers.core.money import Fen
from mock_providers.unionpay import reading
from mock_providers.unionpay.codes import OK, SUCCESS, result
from mock_providers.unionpay.transactions import (
    COMPLETION,
    ENDED,
    UNDOING,
    Found,
    claim,
    details_of,
    find,
    find_by_query_id,
    free_preauth,
)
from mock_providers.unionpay.work import Answer, Office, Refused, Work

# What each of them may take back.
# What timers are set for.
DUE = "giveback"
_TAKES_BACK = {"31": "01", "32": "02", "33": "03"}


def undo(office: Office, work: Work) -> Answer:
    """
    Take a payment, a pre-authorisation or a completion back, whole and on its own settlement day.

    Facts: unionpay/undo, unionpay/preauth-rules
    """
    number, amount_fen = claim(office, work), reading.amount(work.fields)
    trade = original(office, work)
    if trade.opening.details["txnType"] != _TAKES_BACK[work.get("txnType")]:
        raise Refused(result("35", digits="2040004"))
    must_stand(trade)
    if trade.refunds and any(one.state is not RefundState.FAILED for one in trade.refunds.values()):
        raise Refused(result("45"))
    if amount_fen != trade.opening.total_fen:
        raise Refused(result("36", digits="2050001"))
    if trade.notes.get(COMPLETION):
        raise Refused(result("35", digits="2040006"))
    assert trade.paid_at is not None
    preauth = work.get("txnType") == "32"
    if not preauth and office.settlement_day(trade.paid_at) != office.settlement_day(work.now):
        raise Refused(result("39"))
    return _accepted(office, work, trade, number=number, amount_fen=amount_fen)


def refund(office: Office, work: Work) -> Answer:
    """
    Refund a payment or a completion in whole or in part.

    Facts: unionpay/refund
    """
    number, amount_fen = claim(office, work), reading.amount(work.fields)
    trade = original(office, work)
    if trade.opening.details["txnType"] == "02":
        raise Refused(result("35", digits="2040004"))
    if _undone(trade):
        raise Refused(result("45"))
    if trade.state is TradeState.FINISHED:
        raise Refused(result("35", digits="4040007"))
    if trade.paid_at is None:
        raise Refused(result("35", digits="2040006"))
    if amount_fen > trade.refundable_fen:
        raise Refused(result("36"))
    return _accepted(office, work, trade, number=number, amount_fen=amount_fen)


def reverse(office: Office, work: Work) -> Answer:
    """
    Take back a transaction whose outcome the merchant never learnt; it has the order number of that transaction.

    Facts: unionpay/reversal
    """
    found = find(office, work.mer_id, reading.order_id(work.fields), work.get("txnTime"))
    if found is None or found.refund is not None:
        raise Refused(result("35"))
    trade = found.trade
    if trade.state in {TradeState.CREATED, TradeState.WAITING}:
        office.book.close(trade, now=work.now)
        trade.notes[ENDED] = "01"
        return Answer()
    if _undone(trade) or trade.paid_at is None:
        return Answer()  # taken back before, or never paid: there is nothing left to reverse
    if trade.refunds:
        raise Refused(result("45"))
    if office.settlement_day(trade.paid_at) != office.settlement_day(work.now):
        raise Refused(result("39"))
    made = Refund(
        f"{trade.opening.out_trade_no}@reversal",
        trade.opening.total_fen,
        work.now,
        refund_no=office.new_query_id(work.mer_id, f"{trade.opening.out_trade_no}@reversal", work.get("txnTime")),
        details=details_of(work),
    )
    office.book.refund(trade, made, closed_by="reversed")
    return Answer()


def original(office: Office, work: Work) -> Trade:
    """
    The trade that a request refers to, by its queryId or by its order number and moment.

    Raises:
        Refused: with 13 where it is not named, with 35 where there is none.

    Facts: unionpay/original
    """
    query_id = reading.query_id(work.fields)
    order, txn_time = work.get("origOrderId"), work.get("origTxnTime")
    found: Found | None = None
    if query_id:
        found = find_by_query_id(office, work.mer_id, query_id)
    elif order and txn_time:
        found = find(office, work.mer_id, order, txn_time)
    else:
        raise Refused(result("13"))
    if found is None or found.refund is not None:
        raise Refused(result("35"))
    return found.trade


def must_stand(trade: Trade) -> None:
    """
    Raises:
        Refused: the trade is not paid, or is taken back already, or too old.
    """
    if _undone(trade):
        raise Refused(result("45"))
    if trade.state is TradeState.FINISHED:
        raise Refused(result("35", digits="4040007"))
    if trade.paid_at is None:
        raise Refused(result("35", digits="2040006"))


def _undone(trade: Trade) -> bool:
    """Whether it was taken back, or is about to be."""
    return any(
        one.details.get("txnType") in UNDOING and one.state is not RefundState.FAILED for one in trade.refunds.values()
    )


def _accepted(office: Office, work: Work, trade: Trade, *, number: str, amount_fen: Fen) -> Answer:
    """Facts: unionpay/back-type."""
    query_id = office.new_query_id(work.mer_id, number, work.get("txnTime"))
    assert trade.trade_no is not None
    details = details_of(work, origQryId=trade.trade_no, backUrl=reading.back_url(work.fields))
    made = Refund(number, amount_fen, work.now, state=RefundState.PROCESSING, refund_no=query_id, details=details)
    office.book.refund(trade, made)
    code = work.ending or office.policy.settles_as
    if office.policy.settles_s > 0:
        office.herald.later(office.policy.settles_s, DUE, trade, refund=number, code=code)
    else:
        settle(office, trade, made, code)
    return Answer(OK, {"origQryId": trade.trade_no, "queryId": query_id, "txnAmt": str(amount_fen)})


def due(office: Office, trade: Trade, about: Mapping[str, str]) -> None:
    """The end of what goes back has come."""
    made = trade.refunds.get(about["refund"])
    if made is not None:
        settle(office, trade, made, about["code"])


def settle(office: Office, trade: Trade, made: Refund, code: str) -> None:
    """Money that was on its way back has arrived, or has not."""
    if made.state is not RefundState.PROCESSING:
        return  # somebody was faster, by hand
    good = code in SUCCESS
    office.book.settle_refund(trade, made.out_request_no, ok=good, now=office.now())
    if code != "00":
        trade.notes[f"{ENDED}:{made.out_request_no}"] = code
    if good and made.details.get("txnType") in UNDOING:
        trade.closed_by = "reversed"
        free_preauth(office, trade)
    if good or office.policy.failure_notices:
        office.herald.tell(trade, made)
