"""The vendor's words for the states of a trade, and the map from the book's."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from mock_providers.core.books.book import Trade, TradeState


class TradeStatus(StrEnum):
    """
    What merchants read in `trade_status`.

    Facts: alipay/states
    """

    WAIT_BUYER_PAY = "WAIT_BUYER_PAY"
    TRADE_SUCCESS = "TRADE_SUCCESS"
    TRADE_CLOSED = "TRADE_CLOSED"
    TRADE_FINISHED = "TRADE_FINISHED"


_STATUS: Mapping[TradeState, TradeStatus] = MappingProxyType(
    {
        TradeState.WAITING: TradeStatus.WAIT_BUYER_PAY,
        TradeState.PAID: TradeStatus.TRADE_SUCCESS,
        TradeState.CLOSED: TradeStatus.TRADE_CLOSED,
        TradeState.FINISHED: TradeStatus.TRADE_FINISHED,
    }
)


def status_of(trade: Trade) -> TradeStatus | None:
    """
    The vendor's state, or None where the vendor knows no trade: a QR code that nobody scanned, alive or expired.

    Facts: alipay/precreate, alipay/states
    """
    return _STATUS.get(trade.state) if trade.trade_no is not None else None
