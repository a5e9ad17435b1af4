"""
What the simulator's control API answers, as typed rows.

Keys that it does not know are passed over, so that a newer simulator can be driven by an older harness.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class BuyerAction(StrEnum):
    """What a buyer can do at the cashier."""

    SCAN = "scan"
    PAY = "pay"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a buyer's action, no password
    CANCEL = "cancel"
    PAY_TWICE = "pay_twice"
    PAY_LATE = "pay_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRefund:
    """One refund in the provider's book."""

    out_request_no: str
    amount_fen: int
    at: datetime | None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(out_request_no=raw["out_request_no"], amount_fen=raw["amount_fen"], at=moment(raw.get("at")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One row of the provider's book: the truth about money."""

    provider: str
    out_trade_no: str
    trade_no: str
    label: str
    total_fen: int
    state: str
    paid_fen: int
    refunded_fen: int
    subject: str = ""
    currency: str = "CNY"
    merchant_id: str = ""
    app_id: str = ""
    notify_url: str = ""
    qr_code: str = ""
    vendor_state: str = ""
    refunds: tuple[TradeRefund, ...] = ()
    created_at: datetime | None = None
    paid_at: datetime | None = None
    # When it had been closed, where its money arrived all the same.
    late_after: datetime | None = None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            provider=raw["provider"],
            out_trade_no=raw["out_trade_no"],
            trade_no=raw.get("trade_no") or "",
            label=raw.get("label") or "",
            total_fen=raw["total_fen"],
            state=raw["state"],
            paid_fen=raw["paid_fen"],
            refunded_fen=raw["refunded_fen"],
            subject=raw.get("subject") or "",
            currency=raw.get("currency") or "CNY",
            merchant_id=raw.get("merchant_id") or "",
            app_id=raw.get("app_id") or "",
            notify_url=raw.get("notify_url") or "",
            qr_code=raw.get("qr_code") or "",
            vendor_state=raw.get("vendor_state") or "",
            refunds=tuple(TradeRefund.from_json(refund) for refund in raw.get("refunds", ())),
            created_at=moment(raw.get("created_at")),
            paid_at=moment(raw.get("paid_at")),
            late_after=moment(raw.get("late_after")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Whom a provider serves, and which worker does it."""

    provider: str
    merchant_id: str
    worker: int

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(provider=raw["provider"], merchant_id=raw["merchant_id"], worker=raw.get("worker", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One transfer or red packet in the provider's book."""

    provider: str
    merchant_id: str
    out_biz_no: str
    order_no: str
    amount_fen: int
    payee: str
    label: str
    state: str
    asked_at: datetime | None
    settled_at: datetime | None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            provider=raw["provider"],
            merchant_id=raw["merchant_id"],
            out_biz_no=raw["out_biz_no"],
            order_no=raw.get("order_no") or "",
            amount_fen=raw["amount_fen"],
            payee=raw.get("payee") or "",
            label=raw.get("label") or "",
            state=raw["state"],
            asked_at=moment(raw.get("asked_at")),
            settled_at=moment(raw.get("settled_at")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference planted between the book and a bill."""

    provider: str
    merchant_id: str
    day: str
    kind: str
    out_trade_no: str
    add_fen: int

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(**{name.name: raw[name.name] for name in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyDelivery:
    """One delivery of a notify, planned or done."""

    id: str
    provider: str
    out_trade_no: str
    label: str
    event: str
    notify_id: str
    attempt: int
    due_at: datetime | None
    state: str
    kind: str
    faults: tuple[str, ...] = ()
    last_answer: Any = None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            id=str(raw["id"]),
            provider=raw["provider"],
            out_trade_no=raw["out_trade_no"],
            label=raw.get("label") or "",
            event=raw.get("event") or "",
            notify_id=raw.get("notify_id") or "",
            attempt=raw.get("attempt", 0),
            due_at=moment(raw.get("due_at")),
            state=raw["state"],
            kind=raw["kind"],
            faults=tuple(raw.get("faults") or ()),
            last_answer=raw.get("last_answer"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the notifier did; *sent* is a function of seed and events, never of timing."""

    notifies_sent: int = 0
    notifies_duplicate: int = 0
    notifies_forged: int = 0
    notifies_tampered: int = 0
    notifies_dropped: int = 0
    notifies_delayed: int = 0
    notifies_reordered: int = 0
    notifies_resent: int = 0
    notifies_acked: int = 0
    notifies_delivered: int = 0
    pending: int = 0

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(**{name.name: raw[name.name] for name in fields(cls) if name.name in raw})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """Both of the simulator's clocks."""

    schedule_at: datetime | None
    stamp_at: datetime | None
    rate: float
    pending: int

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            schedule_at=moment(raw.get("schedule_at")),
            stamp_at=moment(raw.get("stamp_at")),
            rate=float(raw.get("rate", 1.0)),
            pending=raw.get("pending", 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One draw of the fault engine."""

    rule: str
    provider: str
    label: str
    on: str
    attempt: int
    fault: str
    hit: bool
    settings: Mapping[str, Any]
    api: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            rule=raw["rule"],
            provider=raw["provider"],
            label=raw["label"],
            on=raw["on"],
            attempt=raw["attempt"],
            fault=raw["fault"],
            hit=raw["hit"],
            settings=raw.get("with") or {},
            api=raw.get("api") or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange on the wire, as the simulator journalled it."""

    seq: int
    direction: str
    provider: str
    api: str
    order: str
    label: str
    signature_ok: bool | None
    status: int | None
    fault: str
    raw: Mapping[str, Any]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        response = raw.get("response") or {}
        return cls(
            seq=raw["seq"],
            direction=raw["direction"],
            provider=raw.get("provider") or "",
            api=raw.get("api") or "",
            order=raw.get("order") or "",
            label=raw.get("label") or "",
            signature_ok=raw.get("signature_ok"),
            status=response.get("status"),
            fault=raw.get("fault") or "",
            raw=raw,
        )


def moment(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(text)
