"""
WeChat Pay's words in ours, for both its APIs: states as tables, times, what either API calls a payment's end.

Facts: wechatpay/times, wechatpay/trade-states, wechatpay/refund-states, wechatpay/v2-refund-states
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from reference_gateway.channels.port import EndState, PayoutState, RefundState, TradeState

BEIJING = timezone(timedelta(hours=8))

BARCODE = "barcode"

# A part refunded is REFUND, and still paid. REVOKED was reversed: whatever was paid has gone back.
TRADE_STATES: Mapping[str, TradeState] = {
    "SUCCESS": TradeState.PAID,
    "REFUND": TradeState.PAID,
    "NOTPAY": TradeState.WAITING,
    "USERPAYING": TradeState.WAITING,
    "ACCEPT": TradeState.WAITING,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
    "PAYERROR": TradeState.CLOSED,
}
# What a query says of a trade that somebody wanted to end.
ENDS: Mapping[TradeState, EndState] = {
    TradeState.PAID: EndState.PAID,
    TradeState.WAITING: EndState.WAITING,
    TradeState.CLOSED: EndState.CLOSED,
    TradeState.MISSING: EndState.MISSING,
}
# ABNORMAL (v2: CHANGE) is not final: somebody at the portal leads the money elsewhere, and it arrives.
REFUND_STATES: Mapping[str, RefundState] = {
    "SUCCESS": RefundState.SUCCEEDED,
    "PROCESSING": RefundState.PROCESSING,
    "ABNORMAL": RefundState.PROCESSING,
    "CHANGE": RefundState.PROCESSING,
    "CLOSED": RefundState.FAILED,
    "REFUNDCLOSE": RefundState.FAILED,
}
# Facts: wechatpay/transfer-bills. The spelling of TRANSFERING is the vendor's.
TRANSFER_STATES: Mapping[str, PayoutState] = {
    "ACCEPTED": PayoutState.PROCESSING,
    "PROCESSING": PayoutState.PROCESSING,
    "WAIT_USER_CONFIRM": PayoutState.PROCESSING,
    "TRANSFERING": PayoutState.PROCESSING,
    "CANCELING": PayoutState.PROCESSING,
    "SUCCESS": PayoutState.SUCCEEDED,
    "FAIL": PayoutState.FAILED,
    "CANCELLED": PayoutState.FAILED,
}
# Of transfers to a wallet. Facts: wechatpay/v2-transfers
WALLET_STATES: Mapping[str, PayoutState] = {
    "SUCCESS": PayoutState.SUCCEEDED,
    "PROCESSING": PayoutState.PROCESSING,
    "FAILED": PayoutState.FAILED,
}
# Facts: wechatpay/v2-redpack. SENT waits for somebody to open it; REFUND went back to us after a day.
RED_PACKET_STATES: Mapping[str, PayoutState] = {
    "SENDING": PayoutState.PROCESSING,
    "SENT": PayoutState.PROCESSING,
    "RFUND_ING": PayoutState.PROCESSING,
    "RECEIVED": PayoutState.SUCCEEDED,
    "FAILED": PayoutState.FAILED,
    "REFUND": PayoutState.FAILED,
}


def fresh_nonce() -> str:
    """32 hexadecimal digits from the operating system; nonces decide nothing, so no run depends on them."""
    return secrets.token_hex(16).upper()


def rfc3339(at: datetime) -> str:
    """Write a moment as v3 does, in Beijing time, to the second."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def moment_of_rfc3339(text: str) -> datetime:
    """
    Read a moment of v3.

    Raises:
        ValueError: not a moment, or one without an offset.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time without an offset: {text!r}")
    return at


def compact(at: datetime) -> str:
    """Write a moment as v2 does: yyyyMMddHHmmss in Beijing."""
    return at.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def moment_of_compact(text: str) -> datetime:
    """
    Read a moment of v2.

    Raises:
        ValueError: not fourteen digits that are a moment.
    """
    if len(text) != 14 or not (text.isascii() and text.isdecimal()):
        raise ValueError(f"not fourteen digits: {text!r}")
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}").replace(tzinfo=BEIJING)
