"""
Alipay's states and times in our words: tables, used by both of its channels.

Facts: alipay/states, alipay/times, alipay/transfer
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reference_gateway.channels.alipay.gateway import BEIJING
from reference_gateway.channels.port import PayoutState, TradeState
from reference_gateway.domain.notice import NoticeKind

TRADE_STATES: Mapping[str, TradeState] = {
    "WAIT_BUYER_PAY": TradeState.WAITING,
    "TRADE_SUCCESS": TradeState.PAID,
    "TRADE_FINISHED": TradeState.PAID,
    "TRADE_CLOSED": TradeState.CLOSED,
}
NOTICE_KINDS: Mapping[str, NoticeKind] = {
    "WAIT_BUYER_PAY": NoticeKind.WAITING,
    "TRADE_SUCCESS": NoticeKind.PAID,
    "TRADE_FINISHED": NoticeKind.PAID,
    "TRADE_CLOSED": NoticeKind.CLOSED,
}
PAYOUT_STATES: Mapping[str, PayoutState] = {
    "SUCCESS": PayoutState.SUCCEEDED,
    "DEALING": PayoutState.PROCESSING,
    "WAIT_PAY": PayoutState.PROCESSING,
    "FAIL": PayoutState.FAILED,
    "CLOSED": PayoutState.FAILED,
    # The money left and came back: for whoever waits for it, it never arrived.
    "REFUND": PayoutState.FAILED,
}


def beijing_time(text: str) -> datetime:
    """
    Read `yyyy-MM-dd HH:mm:ss`, with or without milliseconds, as Beijing time.

    Raises:
        ValueError: it is written in another way.
    """
    at = datetime.fromisoformat(text[:19])
    if at.isoformat(" ") != text[:19]:
        raise ValueError(f"not a time as Alipay writes it: {text!r}")
    return at.replace(tzinfo=BEIJING)


def beijing_text(at: datetime) -> str:
    """Write a moment as Alipay wants it."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
