"""
The simulator's control API, typed: the buyer's hand, the book, the notifies, the clock, the faults, the journal.

It speaks HTTP only and knows nothing of the simulator's code. Keys that it does not know are passed over, so that a
newer simulator can be driven by an older harness.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import orjson

from harness.errors import ControlError, SimulatorError

PAGE = 500

Row = TypeVar("Row")


class BuyerAction(StrEnum):
    """What a buyer can do at the cashier."""

    SCAN = "scan"
    PAY = "pay"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a buyer's action, no password
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRefund:
    """One refund in the provider's book."""

    out_request_no: str
    amount_fen: int
    at: datetime | None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(out_request_no=raw["out_request_no"], amount_fen=raw["amount_fen"], at=_moment(raw.get("at")))


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
            created_at=_moment(raw.get("created_at")),
            paid_at=_moment(raw.get("paid_at")),
        )


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
            due_at=_moment(raw.get("due_at")),
            state=raw["state"],
            kind=raw["kind"],
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
            schedule_at=_moment(raw.get("schedule_at")),
            stamp_at=_moment(raw.get("stamp_at")),
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
            raw=raw,
        )


def _moment(text: str | None) -> datetime | None:
    return None if not text else datetime.fromisoformat(text)


class SimulatorControl:
    """
    An async client of the control API.

    Args:
        url: the control port's base URL, without a path.
        token: needed when the control API is bound to another address than loopback.
    """

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def health(self) -> bool:
        return bool((await self._call("GET", "/health"))["ok"])

    async def info(self) -> Mapping[str, Any]:
        """
        Seed, profile, and for each provider its URLs.
        """
        return await self._call("GET", "/info")

    async def trades_page(
        self, *, after: str | None = None, limit: int = PAGE, provider: str | None = None
    ) -> tuple[tuple[Trade, ...], str | None]:
        """
        A page of the book, in order of creation, and the cursor of the next.
        """
        page = await self._call("GET", "/trades", query={"provider": provider, "after": after, "limit": limit})
        return tuple(Trade.from_json(raw) for raw in page["items"]), _cursor(page)

    def trades(self, *, provider: str | None = None, limit: int = PAGE) -> AsyncIterator[Trade]:
        """
        The whole book, in order of creation.
        """
        return self._walk("/trades", Trade.from_json, query={"provider": provider, "limit": limit})

    async def trade(self, provider: str, out_trade_no: str) -> Trade:
        return Trade.from_json(await self._call("GET", f"/trades/{provider}/{out_trade_no}"))

    async def buyer(self, provider: str, out_trade_no: str, *, action: BuyerAction | str = BuyerAction.PAY) -> Trade:
        """
        Let the buyer of a trade do something.

        Raises:
            ControlError: `status` 404 for an unknown order, 409 when it is impossible (`code` `already_paid`, …).
        """
        path = f"/trades/{provider}/{out_trade_no}/buyer"
        return Trade.from_json(await self._call("POST", path, body={"action": str(action)}))

    async def qr(self, qr_code: str, *, action: BuyerAction | str = BuyerAction.PAY) -> Trade:
        """
        The same, by the text of the QR code, as a buyer meets it.
        """
        return Trade.from_json(await self._call("POST", "/qr", body={"qr_code": qr_code, "action": str(action)}))

    def notifies(self, *, state: str | None = None, limit: int = PAGE) -> AsyncIterator[NotifyDelivery]:
        """
        Deliveries, planned (`pending`) or finished (`done`) or both.
        """
        return self._walk("/notifies", NotifyDelivery.from_json, query={"state": state, "limit": limit})

    async def deliver(self, notify: str) -> NotifyDelivery:
        """
        Deliver a notify now, whatever its due time.
        """
        return NotifyDelivery.from_json(await self._call("POST", f"/notifies/{notify}/deliver"))

    async def drop(self, notify: str) -> NotifyDelivery:
        return NotifyDelivery.from_json(await self._call("POST", f"/notifies/{notify}/drop"))

    async def hold(self, notify: str) -> NotifyDelivery:
        return NotifyDelivery.from_json(await self._call("POST", f"/notifies/{notify}/hold"))

    async def counts(self) -> Counts:
        return Counts.from_json(await self._call("GET", "/counts"))

    async def clock(self) -> ClockReading:
        return ClockReading.from_json(await self._call("GET", "/clock"))

    async def advance(self, seconds: float, *, until_idle: bool = False) -> ClockReading:
        """
        Move the schedule clock; comes back when all that fell due has been delivered and answered.

        With *until_idle* it stops early when nothing is pending.
        """
        body = {"seconds": seconds, "until_idle": until_idle}
        return ClockReading.from_json(await self._call("POST", "/clock/advance", body=body))

    async def set_rate(self, rate: float) -> ClockReading:
        return ClockReading.from_json(await self._call("POST", "/clock/rate", body={"rate": rate}))

    async def faults(self) -> Sequence[Mapping[str, Any]]:
        return _rules(await self._call("GET", "/faults"))

    async def put_faults(self, rules: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """
        Replace every rule.

        Raises:
            ControlError: an unknown fault or key, with the closest right word.
        """
        return await self.put_profile({"rules": [dict(rule) for rule in rules]})

    async def put_profile(self, document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """
        Replace every rule by those of a profile, its budget included.

        Raises:
            ControlError: an unknown fault or key, with the closest right word.
        """
        return _rules(await self._call("PUT", "/faults", body=dict(document)))

    async def add_rule(self, rule: Mapping[str, Any]) -> None:
        await self._call("POST", "/faults/rules", body=dict(rule))

    async def delete_rule(self, rule: str) -> None:
        await self._call("DELETE", f"/faults/rules/{rule}")

    def decisions(self, *, limit: int = PAGE) -> AsyncIterator[Decision]:
        """
        Every fault decision made so far.
        """
        return self._walk("/faults/decisions", Decision.from_json, query={"limit": limit})

    def journal(self, *, after: str | None = None, limit: int = PAGE) -> AsyncIterator[Exchange]:
        """
        Every exchange, with its raw bytes.
        """
        return self._walk("/journal", Exchange.from_json, query={"after": after, "limit": limit})

    async def reset(self) -> None:
        await self._call("POST", "/reset")

    async def _walk(
        self, path: str, parse: Callable[[Mapping[str, Any]], Row], *, query: Mapping[str, Any]
    ) -> AsyncIterator[Row]:
        after = query.get("after")
        while True:
            page = await self._call("GET", path, query={**query, "after": after})
            for raw in page["items"]:
                yield parse(raw)
            after = _cursor(page)
            if after is None:
                return

    async def _call(
        self, method: str, path: str, *, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        if self._session is None:
            # No total timeout: an advance over a day of deliveries takes as long as it takes.
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=None))
        params = {name: str(value) for name, value in (query or {}).items() if value is not None}
        headers = {} if body is None else {"Content-Type": "application/json"}
        data = None if body is None else orjson.dumps(body)
        try:
            async with self._session.request(
                method, f"{self.url}/control/v1{path}", params=params, data=data, headers=headers
            ) as answer:
                return _answer(method, path, status=answer.status, body=await answer.read())
        except aiohttp.ClientError as error:
            raise SimulatorError(f"{method} {path}: the simulator at {self.url} does not answer: {error}") from error


def _answer(method: str, path: str, *, status: int, body: bytes) -> Mapping[str, Any]:
    if not body:
        parsed: Any = {}
    else:
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ControlError(f"{method} {path}: no JSON in the answer ({status})", status=status, code="") from error
    if status >= 400:
        problem = parsed if isinstance(parsed, dict) else {}
        text = problem.get("detail") or problem.get("title") or f"refused with {status}"
        code = str(problem.get("code", ""))
        raise ControlError(f"{method} {path}: {text}", status=status, code=code, hint=problem.get("hint"))
    return parsed if isinstance(parsed, dict) else {"items": parsed}


def _cursor(page: Mapping[str, Any]) -> str | None:
    after = page.get("next")
    return None if after is None else str(after)


def _rules(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rules = answer.get("rules", answer.get("items", ()))
    return tuple(rules)
