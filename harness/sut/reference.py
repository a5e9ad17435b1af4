"""
The driver of the reference gateway: merchant requests signed with HMAC-SHA256, answers turned into the contract's.

It was written from the merchant API's description alone and shares no line with the gateway. A 5xx or a broken
connection is sent again with the same body and a new nonce, then reported as UNKNOWN; it is never taken for a
refusal.
"""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from harness.channels import PROVIDED
from harness.clock import Clock
from harness.errors import GatewaySilentError
from harness.ids import Ids
from harness.sut.contract import (
    Ability,
    BadSeal,
    Discrepancy,
    LedgerEntry,
    NewPayment,
    Ours,
    Outcome,
    Payment,
    Posting,
    Reconciled,
    Refund,
    Reply,
    every_order,
    refused,
    seconds_of,
    unknown,
)

Value = TypeVar("Value")
API = "/api/v1/payments"
# Older than any gateway takes.
OLD_S = 3600
BILLS = "/api/v1/reconciliations"


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantApp:
    """
    One app of the live platform: who signs, and with what.
    """

    app_id: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """
    How often an unanswered question is asked again before it is UNKNOWN.

    Args:
        waits_s: the wait before each further attempt; empty for one attempt only.
        answer_s: how long an answer may take.
    """

    waits_s: tuple[float, ...] = (0.1, 0.4, 1.0)
    answer_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    One answer of the gateway's.

    Args:
        headers: with their names in small letters.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def sign(secret: str, *, method: str, target: str, timestamp: str, nonce: str, body: bytes) -> str:
    """
    The merchant's signature over one request; *target* is path and query exactly as on the wire.
    """
    text = "\n".join((method, target, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class ReferenceGateway:
    """
    GatewayContract over the reference gateway's merchant API.

    Args:
        url: base URL; may be changed after a restart on another port through `url`.
    """

    name = "reference"
    abilities = frozenset(Ability)
    channels = PROVIDED

    def __init__(self, url: str, *, app: MerchantApp, clock: Clock, ids: Ids, retry: RetryPolicy | None = None) -> None:
        self.url = url.rstrip("/")
        self.app = app
        self._clock = clock
        self._ids = ids
        self._retry = retry if retry is not None else RetryPolicy()
        self._session: aiohttp.ClientSession | None = None

    async def create(self, payment: NewPayment) -> Reply[Payment]:
        return await self._ask("POST", API, parse=parse_payment, body=_body_of(payment))

    async def create_badly_signed(self, payment: NewPayment, *, seal: BadSeal) -> Reply[Payment]:
        data = orjson.dumps(_body_of(payment))
        over = orjson.dumps(_body_of(replace(payment, amount_fen=payment.amount_fen + 1)))
        headers = self._headers("POST", API, over if seal is BadSeal.OTHER_BODY else data)
        if seal is BadSeal.NONE:
            del headers["X-Signature"]
        elif seal is BadSeal.OLD:
            headers = self._headers("POST", API, data, age_s=OLD_S)
        elif seal is BadSeal.AGAIN:
            await self._exchanged("POST", API, parse=parse_payment, data=data, headers=headers)
            headers = self._headers("POST", API, data, nonce=headers["X-Nonce"])
        return await self._exchanged("POST", API, parse=parse_payment, data=data, headers=headers)

    async def get(self, payment_id: str) -> Reply[Payment]:
        return await self._ask("GET", f"{API}/{payment_id}", parse=parse_payment)

    async def sync(self, payment_id: str) -> Reply[Payment]:
        return await self._ask("POST", f"{API}/{payment_id}/sync", parse=parse_payment)

    async def close_payment(self, payment_id: str) -> Reply[Payment]:
        return await self._ask("POST", f"{API}/{payment_id}/close", parse=parse_payment)

    async def reconcile(self, channel: str, *, day: str) -> Reply[Reconciled]:
        body = {"channel": channel, "day": day, "again": True}
        return await self._ask("POST", BILLS, parse=parse_reconciled, body=body)

    async def refund(
        self, payment_id: str, *, merchant_refund_no: str, amount_fen: int, reason: str | None = None
    ) -> Reply[Refund]:
        body: dict[str, Any] = {"merchant_refund_no": merchant_refund_no, "amount_fen": amount_fen}
        if reason is not None:
            body["reason"] = reason
        return await self._ask("POST", f"{API}/{payment_id}/refunds", parse=parse_refund, body=body)

    async def get_refund(self, payment_id: str, refund_id: str) -> Reply[Refund]:
        return await self._ask("GET", f"{API}/{payment_id}/refunds/{refund_id}", parse=parse_refund)

    async def ledger(self, payment_id: str) -> Reply[tuple[LedgerEntry, ...]]:
        return await self._ask("GET", f"{API}/{payment_id}/ledger", parse=parse_ledger)

    async def effects(self, payment_id: str) -> Reply[int]:
        """
        Distinct transactions of kind payment in the gateway's ledger.
        """
        told = await self.ledger(payment_id)
        if told.outcome is not Outcome.OK or told.value is None:
            return Reply(outcome=told.outcome, status=told.status, code=told.code, detail=told.detail)
        return Reply(outcome=Outcome.OK, value=len({e.transaction_id for e in told.value if e.kind == "payment"}))

    async def export(
        self, *, after: str | None = None, limit: int = 200, ours: Ours = every_order
    ) -> AsyncIterator[Payment]:
        """
        A page holds orders of everybody's, so whoever asks chooses.

        Raises:
            GatewaySilentError: it stopped answering in the middle; an audit of half a ledger would be a lie.
        """
        del ours
        while True:
            query = urlencode(
                {name: value for name, value in (("after", after), ("limit", limit)) if value is not None}
            )
            page = await self._ask("GET", f"{API}?{query}", parse=_parse_page)
            if page.outcome is not Outcome.OK or page.value is None:
                raise GatewaySilentError(
                    f"the gateway's export ended with {page.outcome} {page.status or ''} {page.code}{page.detail}"
                )
            payments, after = page.value
            for payment in payments:
                yield payment
            if after is None:
                return

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(
        self,
        method: str,
        target: str,
        *,
        parse: Callable[[Mapping[str, Any]], Value],
        body: Mapping[str, Any] | None = None,
    ) -> Reply[Value]:
        data = b"" if body is None else orjson.dumps(body)
        attempt = 1
        errors: list[int] = []
        while True:
            reply = await self._attempt(method, target, parse=parse, data=data)
            if reply.outcome is not Outcome.UNKNOWN or attempt > len(self._retry.waits_s):
                return replace(reply, attempts=attempt, errors=tuple(errors))
            errors += [] if reply.status is None else [reply.status]
            await self._clock.sleep(self._retry.waits_s[attempt - 1])
            attempt += 1

    async def _attempt(
        self, method: str, target: str, *, parse: Callable[[Mapping[str, Any]], Value], data: bytes
    ) -> Reply[Value]:
        headers = self._headers(method, target, data)
        return await self._exchanged(method, target, parse=parse, data=data, headers=headers)

    async def _exchanged(
        self,
        method: str,
        target: str,
        *,
        parse: Callable[[Mapping[str, Any]], Value],
        data: bytes,
        headers: Mapping[str, str],
    ) -> Reply[Value]:
        try:
            answer = await self._exchange(method, target, data=data, headers=headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return unknown(status=None, detail=f"{type(error).__name__}: {error}")
        return _reply(answer.status, answer.body, parse=parse, later_s=seconds_of(answer.headers.get("retry-after")))

    async def _exchange(self, method: str, target: str, *, data: bytes, headers: Mapping[str, str]) -> Answer:
        session = self._session
        if session is None:
            connector = aiohttp.TCPConnector(limit=0)
            timeout = aiohttp.ClientTimeout(total=self._retry.answer_s)
            session = self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        url = URL(self.url + target, encoded=True)
        async with session.request(method, url, data=data or None, headers=headers) as answer:
            told = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(status=answer.status, headers=told, body=await answer.read())

    def _headers(
        self, method: str, target: str, data: bytes, *, age_s: int = 0, nonce: str | None = None
    ) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()) - age_s)
        nonce = nonce or self._ids.nonce()
        signature = sign(self.app.secret, method=method, target=target, timestamp=timestamp, nonce=nonce, body=data)
        headers = {
            "X-App-Id": self.app.app_id,
            "X-Timestamp": timestamp,
            "X-Nonce": nonce,
            "X-Signature": signature,
        }
        if data:
            headers["Content-Type"] = "application/json"
        return headers


def _body_of(payment: NewPayment) -> dict[str, Any]:
    body: dict[str, Any] = {
        "merchant_order_no": payment.merchant_order_no,
        "amount_fen": payment.amount_fen,
        "currency": "CNY",
        "subject": payment.subject,
        "channel": payment.channel,
        "product": payment.product,
    }
    given = {name: getattr(payment, name) for name in ("buyer_id", "room_id", "attach")}
    return body | {name: value for name, value in given.items() if value is not None}


def _reply(
    status: int, body: bytes, *, parse: Callable[[Mapping[str, Any]], Value], later_s: float | None
) -> Reply[Value]:
    if status >= 500:
        return unknown(status=status, detail=body[:200].decode(errors="replace"), retry_after_s=later_s)
    try:
        parsed = orjson.loads(body)
        if status < 400:
            return Reply(outcome=Outcome.OK, value=parse(parsed), status=status)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        detail = f"{type(error).__name__} {error} in {body[:200]!r}"
        # Said yes in words that nobody understands: that is no yes, and a 4xx without a problem document is still a no.
        return unknown(status=status, detail=detail) if status < 400 else refused(status=status, code="", detail=detail)
    problem = parsed if isinstance(parsed, dict) else {}
    detail = str(problem.get("detail") or problem.get("title") or "")
    return refused(status=status, code=str(problem.get("code", "")), detail=detail, retry_after_s=later_s)


def parse_payment(raw: Mapping[str, Any]) -> Payment:
    """
    A payment object of the merchant API, with its postings where it carries them.
    """
    params = raw.get("pay_params") or {}
    return Payment(
        id=raw["id"],
        merchant_order_no=raw["merchant_order_no"],
        out_trade_no=raw.get("out_trade_no") or "",
        channel=raw["channel"],
        amount_fen=raw["amount_fen"],
        status=raw["status"],
        refund_status=raw["refund_status"],
        refunded_fen=raw["refunded_fen"],
        channel_trade_no=raw.get("channel_trade_no"),
        qr_code=params.get("qr_code"),
        credits=_postings(raw.get("credits")),
        debits=_postings(raw.get("debits")),
    )


def parse_refund(raw: Mapping[str, Any]) -> Refund:
    """
    A refund object of the merchant API.
    """
    return Refund(
        id=raw["id"],
        payment_id=raw["payment_id"],
        merchant_refund_no=raw["merchant_refund_no"],
        out_request_no=raw.get("out_request_no") or "",
        amount_fen=raw["amount_fen"],
        status=raw["status"],
    )


def parse_ledger(raw: Mapping[str, Any]) -> tuple[LedgerEntry, ...]:
    """
    A payment's double entries.
    """
    return tuple(
        LedgerEntry(
            transaction_id=str(entry["transaction_id"]),
            kind=entry["kind"],
            account=entry["account"],
            amount_fen=entry["amount_fen"],
            at=entry.get("at") or "",
        )
        for entry in raw["entries"]
    )


def parse_reconciled(raw: Mapping[str, Any]) -> Reconciled:
    """
    A day compared.
    """
    return Reconciled(
        channel=raw["channel"],
        day=raw["day"],
        done=raw["status"] == "done",
        discrepancies=tuple(
            Discrepancy(
                kind=one["kind"],
                row=one["row"],
                number=one["number"],
                here_fen=one["here_fen"],
                there_fen=one["there_fen"],
                status=one["status"].upper(),
            )
            for one in raw["differences"]
        ),
    )


def _parse_page(raw: Mapping[str, Any]) -> tuple[list[Payment], str | None]:
    after = raw.get("next")
    return [parse_payment(item) for item in raw["items"]], None if after is None else str(after)


def _postings(raw: Any) -> tuple[Posting, ...] | None:
    if raw is None:
        return None
    return tuple(
        Posting(entry_id=str(row["entry_id"]), amount_fen=abs(row["amount_fen"]), at=row.get("at") or "") for row in raw
    )
