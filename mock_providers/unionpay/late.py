"""
Money that arrives after payTimeout: taken as any other, or, under the other policy, sent back by itself.

Facts: unionpay/pay-timeout
"""

from collections.abc import Mapping

from mock_providers.core.books.book import Refund, RefundState, Trade
from mock_providers.unionpay.transactions import ENDED
from mock_providers.unionpay.work import Office

_BACK_AFTER_S = 5 * 86_400.0
DUE = "late"


def settle_late(office: Office, trade: Trade) -> bool:
    """
    Returns:
        Whether *trade* was paid too late and goes back, of which no merchant is told.
    """
    if trade.paid_at is None or trade.paid_at < trade.opening.expires_at or office.policy.late_payment == "00":
        return False
    trade.notes[ENDED] = "42"
    number = f"{trade.opening.out_trade_no}@late"
    made = Refund(
        number,
        trade.opening.total_fen,
        trade.paid_at,
        state=RefundState.PROCESSING,
        refund_no=office.new_query_id(trade.opening.merchant_id, number, trade.opening.details["txnTime"]),
        details={
            "txnType": "04",
            "txnSubType": "00",
            "txnTime": trade.opening.details["txnTime"],
            "orderId": trade.opening.details["orderId"],
        },
    )
    office.book.refund(trade, made)
    office.herald.later(_BACK_AFTER_S, DUE, trade, refund=number)
    return True


def due(office: Office, trade: Trade, about: Mapping[str, str]) -> None:
    """The money has arrived where it came from."""
    made = trade.refunds.get(about["refund"])
    if made is not None and made.state is RefundState.PROCESSING:
        office.book.settle_refund(trade, made.out_request_no, ok=True, now=office.now())
