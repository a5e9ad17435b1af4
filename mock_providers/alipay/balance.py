"""What a seller has: what was there before the book began, and everything that moved since; knows no vendor's codes."""

from datetime import datetime

from mock_providers.alipay.policy import Policy
from mock_providers.core.books.book import Book
from mock_providers.core.books.payouts import PayoutState


def balance_fen(policy: Policy, book: Book, *, merchant_id: str, now: datetime) -> int | None:
    """
    Counted anew at each question, which only those ask who have set a balance.

    Returns:
        None where it is always enough.
    """
    if policy.balance_fen is None:
        return None
    left = policy.balance_fen
    for trade in book.trades(now=now):
        if trade.opening.provider == "alipay" and trade.opening.merchant_id == merchant_id:
            left += trade.paid_fen - policy.fee_fen(trade.paid_fen) - trade.refunded_fen - trade.refunding_fen
    for payout in book.payouts:
        gone = payout.state in {PayoutState.PROCESSING, PayoutState.SUCCEEDED}
        if gone and payout.provider == "alipay" and payout.merchant_id == merchant_id:
            left -= payout.amount_fen
    return left
