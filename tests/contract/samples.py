"""Rows for store tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.records import Account, OutboxRow, Posting
from reference_gateway.domain.refund import Refund

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
ACCOUNTS = [Account("channel:alipay", 1), Account("app:live", -1), Account("app:rival", -1)]


def payment(number: int = 1, **changes: Any) -> Payment:
    values: dict[str, Any] = {
        "id": f"pay{number}",
        "app_id": "live",
        "merchant_order_no": f"o-{number}",
        "out_trade_no": f"G{number}",
        "channel": "alipay",
        "product": "qr",
        "amount_fen": Fen(100),
        "currency": "CNY",
        "subject": "打赏 🎁",
        "buyer_id": None,
        "room_id": "r1",
        "attach": None,
        "request_digest": "d",
        "created_at": NOW,
        "expires_at": SOON,
    }
    return Payment(**{**values, **changes})


def refund(number: int = 1, **changes: Any) -> Refund:
    values: dict[str, Any] = {
        "id": f"re{number}",
        "payment_id": "pay1",
        "app_id": "live",
        "merchant_refund_no": f"r-{number}",
        "out_request_no": f"R{number}",
        "amount_fen": Fen(40),
        "reason": None,
        "created_at": NOW,
    }
    return Refund(**{**values, **changes})


def posting(number: int = 1, **changes: Any) -> Posting:
    values: dict[str, Any] = {
        "id": f"lt{number}",
        "key": f"payment:pay{number}",
        "kind": "payment",
        "payment_id": "pay1",
        "refund_id": None,
        "debit": "channel:alipay",
        "credit": "app:live",
        "amount_fen": Fen(100),
        "at": NOW,
    }
    return Posting(**{**values, **changes})


def event(number: int = 1, **changes: Any) -> OutboxRow:
    values: dict[str, Any] = {
        "event_id": f"ev{number}",
        "app_id": "live",
        "type": "payment.paid",
        "payload": b'{"event_id":"ev"}',
        "created_at": NOW,
        "due_at": NOW,
    }
    return OutboxRow(**{**values, **changes})
