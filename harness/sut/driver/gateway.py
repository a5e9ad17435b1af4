"""
GatewayContract by a driver in YAML: requests filled in, answers read by pointers, words translated.

It assumes no outcome: a 5xx, a broken connection or an answer that nobody understands is UNKNOWN, never a refusal.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from harness.channels import provider_of
from harness.control_rows import Trade
from harness.errors import AbilityMissingError, DriverError, GatewaySilentError
from harness.sut.contract import (
    NEEDED,
    Ability,
    BadSeal,
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
from harness.sut.driver.schema import Call, DriverFile, PaymentCall, RefundCall
from harness.sut.driver.template import amount_at, at, filled, maybe, text, yuan_of

Value = TypeVar("Value")
Sign = Callable[..., Mapping[str, str]]
ANSWER_S = 20.0
ENDED = frozenset({"SUCCEEDED", "FAILED"})


class HttpGateway:
    """
    Any gateway that speaks HTTP.

    Args:
        values: what templates may name besides the payment's own: URLs, folders.
        sign: gives the headers that sign a request: (method, path, body) → headers.
    """

    def __init__(self, driver: DriverFile, *, values: Mapping[str, Any], sign: Sign | None = None) -> None:
        self.driver = driver
        self.name = driver.name
        self.channels = tuple(driver.channels)
        self.abilities = _abilities(driver)
        self._values = dict(values)
        self._sign = sign
        self._session: aiohttp.ClientSession | None = None
        self._made: dict[str, Payment] = {}
        self._refunds: dict[tuple[str, str], Refund] = {}
        # The payments that were to be ended; a gateway may take the wish and see to it later.
        self.unwanted: set[str] = set()
        # What the simulator's book says of a gateway that does not tell its own numbers.
        self.numbers: dict[str, str] = {}

    @property
    def made(self) -> tuple[Payment, ...]:
        """
        Everything that was made through this driver, as it was then.
        """
        return tuple(self._made.values())

    @property
    def orders(self) -> tuple[str, ...]:
        """
        The order numbers of that.
        """
        return tuple(payment.merchant_order_no for payment in self._made.values())

    @property
    def open_refunds(self) -> tuple[Refund, ...]:
        """
        The refunds that had not ended when the gateway last spoke of them.
        """
        return tuple(refund for refund in self._refunds.values() if refund.status not in ENDED)

    @property
    def refunded(self) -> Counter[str]:
        """
        How many refunds of each order have succeeded, as far as the gateway said so.
        """
        done = (refund for refund in self._refunds.values() if refund.status == "SUCCEEDED")
        return Counter(self._made[refund.payment_id].merchant_order_no for refund in done)

    @property
    def asks_by_order(self) -> bool:
        """
        Whether a payment can be asked for by what the provider's book knows of it.
        """
        call = self.driver.get
        return call is not None and "payment_id" not in f"{call.path} {call.headers} {call.body}"

    async def adopt(self, trade: Trade) -> bool:
        """
        Take up a payment that was not made through this driver, by its trade in the provider's book.

        Returns:
            False when the gateway does not tell of it.
        """
        if self.driver.get is None:
            return False
        channel = next((name for name in self.channels if provider_of(name) == trade.provider), "")
        known = Payment(
            id=trade.out_trade_no,
            merchant_order_no=trade.out_trade_no,
            out_trade_no=trade.out_trade_no,
            channel=channel,
            amount_fen=trade.total_fen,
            status="PENDING",
            refund_status="NONE",
            refunded_fen=None,
        )
        self._made[known.id] = known
        told = (await self.get(known.id)).value
        if told is None:
            del self._made[known.id]
            return False
        return True

    async def create(self, payment: NewPayment) -> Reply[Payment]:
        reply = await self._create(payment)
        if reply.value is not None:
            self._made[reply.value.id] = reply.value
        return reply

    async def create_badly_signed(self, payment: NewPayment, *, seal: BadSeal) -> Reply[Payment]:
        if NEEDED[seal] not in self.abilities:
            raise AbilityMissingError(f"{self.name} cannot be asked with a seal that is {seal.value}")
        return await self._create(payment, seal=seal)

    async def _create(self, payment: NewPayment, *, seal: BadSeal | None = None) -> Reply[Payment]:
        values = {
            "order_no": payment.merchant_order_no,
            "amount_fen": payment.amount_fen,
            "amount_yuan": yuan_of(payment.amount_fen),
            "subject": payment.subject,
            "attach": payment.attach or "",
            "channel": self.driver.channels[payment.channel],
            "product": payment.product,
            "buyer_id": payment.buyer_id or "",
        }
        call = self.driver.create

        def read(answer: Any) -> Payment:
            return self._payment(call, answer, known=payment)

        return await self._ask(call, values, read=read, seal=seal)

    async def get(self, payment_id: str) -> Reply[Payment]:
        return await self._look(self.driver.get, payment_id)

    async def sync(self, payment_id: str) -> Reply[Payment]:
        return await self._look(self.driver.sync, payment_id)

    async def close_payment(self, payment_id: str) -> Reply[Payment]:
        reply = await self._look(self.driver.close, payment_id, ability=Ability.CLOSE)
        self.unwanted.add(payment_id)
        return reply

    async def reconcile(self, channel: str, *, day: str) -> Reply[Reconciled]:
        raise AbilityMissingError(f"{self.name} compares no bills ({channel}, {day})")

    async def refund(
        self, payment_id: str, *, merchant_refund_no: str, amount_fen: int, reason: str | None = None
    ) -> Reply[Refund]:
        call = self._declared(self.driver.refund, Ability.REFUND)
        values = {
            **self._of(payment_id),
            "refund_no": merchant_refund_no,
            "amount_fen": amount_fen,
            "amount_yuan": yuan_of(amount_fen),
            "reason": reason or "",
        }

        def read(answer: Any) -> Refund:
            return self._refund(call, answer, payment_id, number=merchant_refund_no, amount_fen=amount_fen)

        reply = await self._ask(call, values, read=read)
        if reply.value is not None:
            self._refunds[payment_id, reply.value.id] = reply.value
        return reply

    async def get_refund(self, payment_id: str, refund_id: str) -> Reply[Refund]:
        call = self._declared(self.driver.get_refund, Ability.GET_REFUND)
        known = self._refunds.get((payment_id, refund_id))
        number = refund_id if known is None else known.merchant_refund_no
        values = {**self._of(payment_id), "refund_no": number, "refund_id": refund_id}

        def read(answer: Any) -> Refund:
            fen = 0 if known is None else known.amount_fen
            return self._refund(call, answer, payment_id, number=number, amount_fen=fen)

        reply = await self._ask(call, values, read=read)
        if reply.value is not None:
            self._refunds[payment_id, refund_id] = reply.value
        return reply

    async def effects(self, payment_id: str) -> Reply[int]:
        call = self._declared(self.driver.effects, Ability.EFFECTS)

        def read(answer: Any) -> int:
            found = at(call.credits, answer)
            return len(found) if isinstance(found, list) else int(found)

        return await self._ask(call, self._of(payment_id), read=read)

    async def ledger(self, payment_id: str) -> Reply[tuple[LedgerEntry, ...]]:
        raise AbilityMissingError(f"{self.name} shows no ledger entries ({payment_id})")

    async def export(
        self, *, after: str | None = None, limit: int = 200, ours: Ours = every_order
    ) -> AsyncIterator[Payment]:
        """
        The payments that were made through this driver, each as the gateway tells it now.

        Raises:
            GatewaySilentError: it stopped answering in the middle.
        """
        del after, limit
        wanted = [payment.id for payment in self._made.values() if ours(payment.merchant_order_no)]
        for payment_id in wanted:
            reply = await self.get(payment_id)
            if reply.value is None:
                raise GatewaySilentError(f"{self.name} did not tell of payment {payment_id}: {reply.detail}")
            yield await self._with_effects(reply.value)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _with_effects(self, payment: Payment) -> Payment:
        if self.driver.effects is None:
            return payment
        told = await self.effects(payment.id)
        if told.value is None:
            raise GatewaySilentError(f"{self.name} did not tell the effects of payment {payment.id}: {told.detail}")
        credit = Posting(entry_id="", amount_fen=payment.amount_fen)
        return replace(payment, credits=(credit,) * told.value)

    async def _look(
        self, call: PaymentCall | None, payment_id: str, *, ability: Ability = Ability.GET
    ) -> Reply[Payment]:
        declared = self._declared(call, ability)
        known = self._made[payment_id]

        def read(answer: Any) -> Payment:
            return self._payment(declared, answer, known=known)

        return await self._ask(declared, self._of(payment_id), read=read)

    def _of(self, payment_id: str) -> dict[str, Any]:
        made = self._made[payment_id]
        return {
            "payment_id": payment_id,
            "order_no": made.merchant_order_no,
            "channel": self.driver.channels.get(made.channel, made.channel),
            "out_trade_no": made.out_trade_no,
        }

    def _declared(self, call: Value | None, ability: Ability) -> Value:
        if call is None:
            raise AbilityMissingError(f"the driver of {self.name} declares no {ability.value}")
        return call

    def _payment(self, call: PaymentCall, answer: Any, *, known: NewPayment | Payment) -> Payment:
        order, before = known.merchant_order_no, known if isinstance(known, Payment) else None
        word = str(at(call.status, answer))
        if word not in self.driver.states:
            raise DriverError(
                f"{self.name} says {word!r} at {call.status}, and states does not say what that means",
                hint=f"add it to states; known: {', '.join(self.driver.states)}",
            )
        number = maybe(call.out_trade_no, answer) or (before.out_trade_no if before else "")
        return Payment(
            id=str(at(call.id, answer)) if call.id is not None else (before.id if before else order),
            merchant_order_no=order,
            out_trade_no=str(number or self.numbers.get(order, "")),
            channel=known.channel,
            amount_fen=amount_at(call.amount_fen, call.amount_yuan, answer) or known.amount_fen,
            status=self.driver.states[word],
            refund_status="NONE",
            refunded_fen=amount_at(call.refunded_fen, call.refunded_yuan, answer),
            channel_trade_no=maybe(call.trade_no, answer),
            qr_code=maybe(call.pay, answer) or (before.qr_code if before else None),
        )

    def _refund(self, call: RefundCall, answer: Any, payment_id: str, *, number: str, amount_fen: int) -> Refund:
        status = "PROCESSING"
        if call.status is not None:
            word = str(at(call.status, answer))
            if word not in self.driver.refund_states:
                raise DriverError(
                    f"{self.name} says {word!r} at {call.status}, and refund_states does not say what that means"
                )
            status = self.driver.refund_states[word]
        return Refund(
            id=str(at(call.id, answer)) if call.id is not None else number,
            payment_id=payment_id,
            merchant_refund_no=number,
            out_request_no="",
            amount_fen=amount_fen,
            status=status,
        )

    async def _ask(
        self,
        call: Call,
        values: Mapping[str, Any],
        *,
        read: Callable[[Any], Value],
        seal: BadSeal | None = None,
    ) -> Reply[Value]:
        known = {**self._values, **values}
        path = text(call.path, known)
        headers = {name: text(value, known) for name, value in call.headers.items()}
        data = _body(call, known, headers)
        if self._sign is not None and seal is not BadSeal.NONE:
            over = data if seal is None else _body(call, _dearer(known), dict(headers))
            if seal is not None and over == data:
                return unknown(status=None, detail="the amount is not in the body, so there is no other one to sign")
            headers |= self._signed(method=call.method, path=path, body=over)
        session = self._session
        if session is None:
            timeout = aiohttp.ClientTimeout(total=ANSWER_S)
            session = self._session = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0))
        url = URL(text(self.driver.url, known).rstrip("/") + path, encoded=True)
        try:
            async with session.request(call.method, url, data=data or None, headers=headers) as answer:
                reply = _reply(call, answer.status, await answer.read(), read=read)
                return replace(reply, retry_after_s=seconds_of(answer.headers.get("Retry-After")))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return unknown(status=None, detail=f"{type(error).__name__}: {error}")

    def _signed(self, **request: Any) -> Mapping[str, str]:
        """
        What the plug-in says; its mistakes are the driver's.
        """
        assert self._sign is not None
        try:
            headers = {str(name): str(value) for name, value in self._sign(**request).items()}
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise DriverError(
                f"signing {self.driver.signing} failed: {type(error).__name__}: {error}",
                hint="it is called with method, path and body, and with secrets where the driver has any",
            ) from error
        return headers


def _abilities(driver: DriverFile) -> frozenset[Ability]:
    found = {Ability.CREATE}
    told = {
        Ability.GET: driver.get,
        Ability.SYNC: driver.sync,
        Ability.CLOSE: driver.close,
        Ability.REFUND: driver.refund,
        Ability.GET_REFUND: driver.get_refund,
        Ability.EFFECTS: driver.effects,
        Ability.WEBHOOKS: driver.webhooks,
        Ability.TRADE_NO: driver.get.trade_no if driver.get else None,
        Ability.SIGN_BADLY: driver.signing,
        Ability.REFUND_WEBHOOKS: driver.webhooks if driver.webhooks and driver.webhooks.tells_refunds else None,
    }
    found |= {ability for ability, part in told.items() if part is not None}
    if driver.get is not None:
        found.add(Ability.EXPORT)
    return frozenset(found)


def _dearer(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    The same order over a fen more.
    """
    fen = int(values["amount_fen"]) + 1
    return {**values, "amount_fen": fen, "amount_yuan": yuan_of(fen)}


def _body(call: Call, values: Mapping[str, Any], headers: dict[str, str]) -> bytes:
    if call.body is None:
        return b""
    body = filled(call.body, values)
    if call.form:
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return urlencode(body).encode()
    headers.setdefault("Content-Type", "application/json")
    return orjson.dumps(body)


def _reply(call: Call, status: int, body: bytes, *, read: Callable[[Any], Value]) -> Reply[Value]:
    """
    A no by its status or by its words; a yes only where the answer could be read.
    """
    if status >= 500 and status not in call.refused:
        return unknown(status=status, detail=body[:200].decode(errors="replace"))
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        if 200 <= status < 400:
            return unknown(status=status, detail=f"the answer ({status}) is not JSON: {body[:200]!r}")
        answer = None
    code = str(maybe(call.code, answer) or "")
    said_no = any(str(maybe(pointer, answer)) in words for pointer, words in call.no.items())
    if said_no or status >= 400:
        return refused(status=status, code=code, detail=body[:200].decode(errors="replace"))
    try:
        return Reply(outcome=Outcome.OK, value=read(answer), status=status)
    except (KeyError, TypeError, ValueError) as error:
        why = error.args[0] if isinstance(error, KeyError) else error
        return unknown(status=status, detail=f"{why}, in {body[:200]!r}")
