"""
The simulator's control API, typed: the buyer's hand, the book, the notifies, the clock, the faults, the journal.

It speaks HTTP only and knows nothing of the simulator's code. Every operation of its contract has a method here.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from harness.control_rows import (
    BuyerAction,
    ClockReading,
    Counts,
    Decision,
    Difference,
    Exchange,
    Merchant,
    NotifyDelivery,
    Payout,
    Trade,
    TradeRefund,
)
from harness.errors import ControlError, SimulatorError

__all__ = [
    "BuyerAction",
    "ClockReading",
    "Counts",
    "Decision",
    "Difference",
    "Exchange",
    "Merchant",
    "NotifyDelivery",
    "Payout",
    "SimulatorControl",
    "Trade",
    "TradeRefund",
]

PAGE = 500
_LINE_BYTES = 64 * 1024 * 1024

Row = TypeVar("Row")


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

    async def openapi(self) -> str:
        """
        The contract, as YAML.
        """
        return (await self._raw("GET", "/openapi.yaml")).decode()

    async def merchants(self) -> tuple[Merchant, ...]:
        """
        Who is served, by which provider.
        """
        return tuple(Merchant.from_json(raw) for raw in (await self._call("GET", "/merchants"))["items"])

    async def trades_page(
        self, *, after: str | None = None, limit: int = PAGE, provider: str | None = None
    ) -> tuple[tuple[Trade, ...], str | None]:
        """
        A page of the book, in order of creation, and the cursor of the next.
        """
        page = await self._call("GET", "/trades", query={"provider": provider, "after": after, "limit": limit})
        return tuple(Trade.from_json(raw) for raw in page["items"]), _cursor(page)

    def trades(
        self, *, provider: str | None = None, merchant: str | None = None, limit: int = PAGE
    ) -> AsyncIterator[Trade]:
        """
        The whole book, in order of creation.
        """
        query = {"provider": provider, "merchant": merchant, "limit": limit}
        return self._walk("/trades", Trade.from_json, query=query)

    async def trade(self, provider: str, out_trade_no: str, *, merchant: str | None = None) -> Trade:
        return Trade.from_json(await self._call("GET", _order(provider, out_trade_no), query={"merchant": merchant}))

    def payouts(self, *, provider: str | None = None, limit: int = PAGE) -> AsyncIterator[Payout]:
        """
        Every transfer and red packet, in order of asking.
        """
        return self._walk("/payouts", Payout.from_json, query={"provider": provider, "limit": limit})

    async def payout(self, provider: str, out_biz_no: str, *, merchant: str | None = None) -> Payout:
        path = f"/payouts/{_quoted(provider)}/{_quoted(out_biz_no)}"
        return Payout.from_json(await self._call("GET", path, query={"merchant": merchant}))

    async def buyer(
        self,
        provider: str,
        out_trade_no: str,
        *,
        action: BuyerAction | str = BuyerAction.PAY,
        merchant: str | None = None,
    ) -> Trade:
        """
        Let the buyer of a trade do something.

        Raises:
            ControlError: `status` 404 for an unknown order, 409 when it is impossible (`code` `already_paid`, …).
        """
        path = f"{_order(provider, out_trade_no)}/buyer"
        query = {"merchant": merchant}
        return Trade.from_json(await self._call("POST", path, body={"action": str(action)}, query=query))

    async def next_rung(self, provider: str, out_trade_no: str, *, merchant: str | None = None) -> ClockReading:
        """
        Move the schedule to this order's next delivery; comes back when it has been answered.

        Raises:
            ControlError: `code` `nothing_pending` when its ladder has ended.
        """
        path = f"{_order(provider, out_trade_no)}/next-rung"
        return ClockReading.from_json(await self._call("POST", path, query={"merchant": merchant}))

    async def qr(self, qr_code: str, *, action: BuyerAction | str = BuyerAction.PAY) -> Trade:
        """
        The same, by the text of the QR code, as a buyer meets it.
        """
        return Trade.from_json(await self._call("POST", "/qr", body={"qr_code": qr_code, "action": str(action)}))

    def notifies(
        self,
        *,
        state: str | None = None,
        provider: str | None = None,
        order: str | None = None,
        merchant: str | None = None,
        limit: int = PAGE,
    ) -> AsyncIterator[NotifyDelivery]:
        """
        Deliveries, planned (`pending`) or finished (`done`) or both.
        """
        query = {"state": state, "provider": provider, "order": order, "merchant": merchant, "limit": limit}
        return self._walk("/notifies", NotifyDelivery.from_json, query=query)

    async def notify(self, notify: str) -> NotifyDelivery:
        return NotifyDelivery.from_json(await self._call("GET", f"/notifies/{_quoted(notify)}"))

    async def deliver(self, notify: str) -> NotifyDelivery:
        """
        Deliver a notify now, whatever its due time, or once more when it was sent before.
        """
        return await self._by_hand(notify, "deliver")

    async def copy(self, notify: str, **lies: Any) -> NotifyDelivery:
        """
        Send one more copy of the same event now, which lies as told: `seal`, `add_fen`, `wrong`, `stale_s`, …
        """
        return await self._by_hand(notify, "copies", body=lies)

    async def forge(self, notify: str) -> NotifyDelivery:
        """
        Send a copy that a stranger signed.
        """
        return await self.copy(notify, seal="foreign")

    async def tamper(self, notify: str, *, add_fen: int = 1) -> NotifyDelivery:
        """
        Send a copy with another amount, truly signed.
        """
        return await self.copy(notify, add_fen=add_fen)

    async def drop(self, notify: str) -> NotifyDelivery:
        return await self._by_hand(notify, "drop")

    async def hold(self, notify: str) -> NotifyDelivery:
        """
        Keep a notify until it is delivered, released or dropped by hand.
        """
        return await self._by_hand(notify, "hold")

    async def release(self, notify: str) -> NotifyDelivery:
        """
        Let a held notify go, at its time or at once.
        """
        return await self._by_hand(notify, "release")

    async def reorder(self, notifies: Sequence[str]) -> tuple[NotifyDelivery, ...]:
        """
        Deliver notifies that wait, now, one after another in this order.
        """
        answer = await self._call("POST", "/notifies/reorder", body={"ids": list(notifies)})
        return tuple(NotifyDelivery.from_json(raw) for raw in answer["items"])

    async def _by_hand(self, notify: str, what: str, *, body: Mapping[str, Any] | None = None) -> NotifyDelivery:
        return NotifyDelivery.from_json(await self._call("POST", f"/notifies/{_quoted(notify)}/{what}", body=body))

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
        await self._call("DELETE", f"/faults/rules/{_quoted(rule)}")

    def decisions(self, *, limit: int = PAGE) -> AsyncIterator[Decision]:
        """
        Every fault decision made so far.
        """
        return self._walk("/faults/decisions", Decision.from_json, query={"limit": limit})

    def journal(self, *, after: str | None = None, limit: int = PAGE, **wanted: str | None) -> AsyncIterator[Exchange]:
        """
        Exchanges with their raw bytes: of one `provider`, `order`, `label`, `direction` or `signature` (ok, refused).
        """
        return self._walk("/journal", Exchange.from_json, query={**wanted, "after": after, "limit": limit})

    async def exchange(self, seq: int) -> Exchange:
        return Exchange.from_json(await self._call("GET", f"/journal/{seq}"))

    @asynccontextmanager
    async def journal_stream(
        self, *, after: str | None = None, **wanted: str | None
    ) -> AsyncIterator[AsyncIterator[Exchange]]:
        """
        Exchanges as they end; inside the `async with` nothing is missed.

        Args:
            after: begin after this one, as far as the simulator still holds it; None begins with the next.
        """
        query = {**wanted, "after": after}
        async with self._request("GET", "/journal/stream", query=query) as answer:
            if answer.status >= 400:
                refused_by("GET", "/journal/stream", status=answer.status, body=await answer.read())
            # The simulator sends a comment once it listens.
            await answer.content.readuntil(b"\n\n")
            yield _exchanges(answer.content)

    async def journal_ndjson(self, *, after: str | None = None, **wanted: str | None) -> AsyncIterator[bytes]:
        """
        What the simulator holds of its journal, a line at a time.
        """
        async with self._request("GET", "/journal.ndjson", query={**wanted, "after": after}) as answer:
            if answer.status >= 400:
                refused_by("GET", "/journal.ndjson", status=answer.status, body=await answer.read())
            while line := await answer.content.readuntil(b"\n"):
                yield line

    async def planted(self) -> tuple[Difference, ...]:
        """
        The differences planted in bills.
        """
        return _differences(await self._call("GET", "/bills/planted"))

    async def plant(self, provider: str, *, day: str, kind: str, **more: Any) -> tuple[Difference, ...]:
        """
        Plant a difference between the book and a day's bill.
        """
        body = {"provider": provider, "day": day, "kind": kind, **more}
        return _differences(await self._call("POST", "/bills/planted", body=body))

    async def unplant(self) -> None:
        await self._call("DELETE", "/bills/planted")

    async def reset(self) -> None:
        await self._call("POST", "/reset")

    async def snapshot(self) -> bytes:
        """
        Everything that the run has made, as one JSON document.
        """
        return await self._raw("GET", "/snapshot")

    async def restore(self, snapshot: bytes) -> Mapping[str, Any]:
        """
        Go on from a document that `snapshot` gave, in this simulator; what it has now is forgotten.

        Raises:
            ControlError: another seed, other keys, or no such document; nothing has changed then.
        """
        return _parsed("PUT", "/snapshot", await self._raw("PUT", "/snapshot", data=snapshot))

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
        data = None if body is None else orjson.dumps(body)
        return _parsed(method, path, await self._raw(method, path, data=data, query=query))

    async def _raw(
        self, method: str, path: str, *, data: bytes | None = None, query: Mapping[str, Any] | None = None
    ) -> bytes:
        async with self._request(method, path, data=data, query=query) as answer:
            body = await answer.read()
            return body if answer.status < 400 else refused_by(method, path, status=answer.status, body=body)

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, *, data: bytes | None = None, query: Mapping[str, Any] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            # No total timeout: an advance over a day of deliveries takes as long as it takes.
            timeout = aiohttp.ClientTimeout(total=None)
            # An exchange is one line, and as long as its bodies are.
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout, read_bufsize=_LINE_BYTES)
        params = {name: str(value) for name, value in (query or {}).items() if value is not None}
        headers = {} if data is None else {"Content-Type": "application/json"}
        url = URL(f"{self.url}/control/v1{path}", encoded=True).update_query(params)
        try:
            async with self._session.request(method, url, data=data, headers=headers) as answer:
                yield answer
        except aiohttp.ClientError as error:
            raise SimulatorError(f"{method} {path}: the simulator at {self.url} does not answer: {error}") from error


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _order(provider: str, out_trade_no: str) -> str:
    return f"/trades/{_quoted(provider)}/{_quoted(out_trade_no)}"


async def _exchanges(stream: aiohttp.StreamReader) -> AsyncIterator[Exchange]:
    while block := await stream.readuntil(b"\n\n"):
        for line in block.splitlines():
            if line.startswith(b"data: "):
                yield Exchange.from_json(orjson.loads(line.removeprefix(b"data: ")))


def _differences(answer: Mapping[str, Any]) -> tuple[Difference, ...]:
    return tuple(Difference.from_json(raw) for raw in answer["items"])


def _parsed(method: str, path: str, body: bytes) -> Mapping[str, Any]:
    try:
        parsed: Any = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise ControlError(f"{method} {path}: no JSON in the answer", status=200, code="") from error
    return parsed if isinstance(parsed, dict) else {"items": parsed}


def refused_by(method: str, path: str, *, status: int, body: bytes) -> NoReturn:
    """
    Raise what a refusal says.

    Raises:
        ControlError: always.
    """
    try:
        parsed: Any = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise ControlError(f"{method} {path}: no JSON in the answer ({status})", status=status, code="") from error
    problem = parsed if isinstance(parsed, dict) else {}
    text = problem.get("detail") or problem.get("title") or f"refused with {status}"
    raise ControlError(
        f"{method} {path}: {text}", status=status, code=str(problem.get("code", "")), hint=problem.get("next")
    )


def _cursor(page: Mapping[str, Any]) -> str | None:
    after = page.get("next")
    return None if after is None else str(after)


def _rules(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    rules = answer.get("rules", answer.get("items", ()))
    return tuple(rules)
