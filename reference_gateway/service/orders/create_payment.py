"""
Create a payment: the order row is committed before the channel hears of it.

One batch admits all orders that arrived together. (app, merchant_order_no) is unique in the store, which alone refuses
a second order; the same order again gets the same payment. The channel's answer is waited for as long as the caller
may be kept, then the caller is told to come back.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from functools import lru_cache
from operator import attrgetter

import orjson

from reference_gateway.channels.port import PRODUCTS
from reference_gateway.channels.wallet import BALANCE
from reference_gateway.domain.accounts import WALLET
from reference_gateway.domain.attempt import Attempt
from reference_gateway.domain.goods import StockOrder
from reference_gateway.domain.money import Fen
from reference_gateway.domain.payment import Payment
from reference_gateway.domain.record import named_record, record
from reference_gateway.domain.records import IdempotencyKey
from reference_gateway.domain.routing import AUTO, RouteAsk, RouteChoice, RouteRecord, asked_for
from reference_gateway.domain.transitions import AttemptStatus, PaymentStatus
from reference_gateway.errors import (
    BadRequest,
    GatewayError,
    IdempotencyConflict,
    NoRoute,
    OrderConflict,
    StoreConflict,
)
from reference_gateway.service.capacity.pressure import Kind, Place
from reference_gateway.service.orders.open_payment import Caller, OpenPayment
from reference_gateway.service.orders.purposes import OUT_OF_STOCK, refusals, refuse_unless_whole, reserve
from reference_gateway.service.orders.route_payment import Router
from reference_gateway.service.runtime import Runtime
from reference_gateway.service.unit_of_work import UnitOfWork
from reference_gateway.store.group_commit import GroupCommit

NEEDED: Mapping[str, str] = {"barcode": "auth_code", "jsapi": "payer_id"}
"""What a product cannot be opened without."""


_FIRST = (
    "merchant_order_no", "amount_fen", "currency", "subject", "channel", "product", "region", "buyer_id", "room_id",
    "attach",
)  # fmt: skip
_ADDED = ("purpose", "return_url", "payer_id", "auth_code", "client_ip", "good_id", "quantity", "hold")
_first_of, _added_of = attrgetter(*_FIRST), attrgetter(*_ADDED)


@named_record
class OrderRequest:
    """What the merchant asked for, validated."""

    merchant_order_no: str
    amount_fen: Fen
    currency: str
    subject: str
    channel: str
    product: str
    region: str | None = None
    buyer_id: str | None = None
    room_id: str | None = None
    attach: str | None = None
    purpose: str | None = None
    return_url: str | None = None
    payer_id: str | None = None
    auth_code: str | None = None
    client_ip: str | None = None
    good_id: str | None = None
    quantity: int | None = None
    hold: bool = False

    def digest(self) -> str:
        """Name the content: two requests that mean the same have the same digest."""
        content = dict(zip(_FIRST, _first_of(self), strict=True))
        # What was asked for before a field existed keeps its digest.
        content |= {name: value for name, value in zip(_ADDED, _added_of(self), strict=True) if value}
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@record
class Candidate:
    """*stock* is what an order for goods wants reserved; *choice* is given when the router chose the channel."""

    payment: Payment
    idempotency_key: str | None
    stock: StockOrder | None = None
    choice: RouteChoice | None = None


@record
class Admission:
    """The payment for an order; *fresh* when this request made it."""

    payment: Payment
    fresh: bool


AdmissionKey = tuple[str, str, str, str | None]
Admissions = GroupCommit[AdmissionKey, Candidate, Admission | GatewayError]


def admissions(runtime: Runtime) -> Admissions:
    """Make the committer of new orders."""

    async def apply(batch: Mapping[AdmissionKey, Candidate]) -> Mapping[AdmissionKey, Admission | GatewayError]:
        async with runtime.units() as unit:
            answers = await _admit(unit, batch)
            await unit.commit()
        for answer in answers.values():
            if isinstance(answer, Admission) and answer.fresh:
                runtime.metrics.payment(answer.payment.channel, "created")
        return answers

    return GroupCommit(apply, pace_s=runtime.units.pace_s, observe=runtime.metrics.batch("admission"))


async def _admit(
    unit: UnitOfWork, batch: Mapping[AdmissionKey, Candidate]
) -> dict[AdmissionKey, Admission | GatewayError]:
    answers: dict[AdmissionKey, Admission | GatewayError] = dict(await keys_that_conflict(unit, batch))
    welcome = {name: candidate for name, candidate in batch.items() if name not in answers}
    refused = await refusals(unit, welcome)
    if refused:
        # An order that was admitted before is answered as it stands, whatever has become of its room or good.
        orders = {name: (welcome[name].payment.app_id, welcome[name].payment.merchant_order_no) for name in refused}
        standing = await unit.payments_by_order(sorted(set(orders.values())))
        refused = {name: error for name, error in refused.items() if orders[name] not in standing}
    answers.update(refused)
    welcome = {name: candidate for name, candidate in welcome.items() if name not in refused}
    answers.update(await _insert(unit, welcome))
    await keep_keys(unit, welcome, answers)
    await _reserve(unit, welcome, answers)
    return answers


async def keys_that_conflict(
    unit: UnitOfWork, batch: Mapping[AdmissionKey, Candidate]
) -> dict[AdmissionKey, GatewayError]:
    """Name the candidates whose idempotency key stands for another body."""
    keyed = {(c.payment.app_id, c.idempotency_key): c for c in batch.values() if c.idempotency_key is not None}
    known = await unit.idempotency_keys([(app, key) for app, key in keyed if key is not None]) if keyed else {}
    conflicts: dict[AdmissionKey, GatewayError] = {}
    for name, candidate in batch.items():
        stored = known.get((candidate.payment.app_id, candidate.idempotency_key or ""))
        if stored is not None and stored.request_digest != candidate.payment.request_digest:
            conflicts[name] = IdempotencyConflict()
    return conflicts


async def _reserve(
    unit: UnitOfWork,
    welcome: Mapping[AdmissionKey, Candidate],
    answers: dict[AdmissionKey, Admission | GatewayError],
) -> None:
    """Reserve what new orders want; an order that cannot have it ends here, before any channel hears of it."""
    wanted: dict[str, AdmissionKey] = {}
    for name, candidate in welcome.items():
        answer = answers[name]
        if candidate.stock is not None and isinstance(answer, Admission) and answer.fresh:
            wanted[candidate.payment.id] = name
    if not wanted:
        return
    short = await reserve(unit, [s for s in (welcome[name].stock for name in wanted.values()) if s is not None])
    ended = [refused_at_once(welcome[wanted[payment_id]].payment, OUT_OF_STOCK) for payment_id in sorted(short)]
    if ended:
        await unit.save_payments(ended)
    for payment in ended:
        answers[wanted[payment.id]] = Admission(payment, fresh=True)


def refused_at_once(payment: Payment, failure_code: str) -> Payment:
    """Return an order that ended in the transaction that made it."""
    return replace(
        payment,
        status=PaymentStatus.CLOSED,
        attempt=AttemptStatus.REFUSED,
        failure_code=failure_code,
        poll_at=None,
        end_at=None,
    )


async def _insert(
    unit: UnitOfWork, welcome: Mapping[AdmissionKey, Candidate]
) -> dict[AdmissionKey, Admission | GatewayError]:
    if not welcome:
        return {}
    inserted = await unit.insert_payments([candidate.payment for candidate in welcome.values()])
    chosen = [
        RouteRecord(c.payment.id, c.choice, c.payment.created_at)
        for c in welcome.values()
        if c.choice is not None and c.payment.id in inserted
    ]
    if chosen:
        await unit.record_routes(chosen)
    attempts = [attempt_of(c.payment, c.choice) for c in welcome.values() if c.payment.id in inserted]
    if attempts:
        await unit.insert_attempts(attempts)
    others = [c.payment for c in welcome.values() if c.payment.id not in inserted]
    standing = await unit.payments_by_order([(p.app_id, p.merchant_order_no) for p in others]) if others else {}
    answers: dict[AdmissionKey, Admission | GatewayError] = {}
    for name, candidate in welcome.items():
        payment = candidate.payment
        if payment.id in inserted:
            answers[name] = Admission(payment, fresh=True)
            continue
        earlier = standing[payment.app_id, payment.merchant_order_no]
        if earlier.request_digest == payment.request_digest:
            answers[name] = Admission(earlier, fresh=False)
        else:
            answers[name] = OrderConflict()
    return answers


@lru_cache(maxsize=64)
def _asked_for(channel: str) -> Mapping[str, object]:
    return asdict(asked_for(channel))


def attempt_of(payment: Payment, choice: RouteChoice | None) -> Attempt:
    """Make the attempt with which *payment* begins; without a *choice* its channel was asked for."""
    return Attempt(
        payment_id=payment.id,
        channel=payment.channel,
        product=payment.product,
        choice=_asked_for(payment.channel) if choice is None else asdict(choice),
        created_at=payment.created_at,
        status=payment.attempt,
        failure_code=payment.failure_code,
    )


async def keep_keys(
    unit: UnitOfWork,
    welcome: Mapping[AdmissionKey, Candidate],
    answers: Mapping[AdmissionKey, Admission | GatewayError],
) -> None:
    """Bind each idempotency key to its payment; losing a race for a key undoes the batch, which is tried again."""
    rows: list[IdempotencyKey] = []
    for name, candidate in welcome.items():
        answer = answers.get(name)
        if candidate.idempotency_key is not None and isinstance(answer, Admission):
            made = candidate.payment
            rows.append(
                IdempotencyKey(
                    made.app_id, candidate.idempotency_key, made.request_digest, answer.payment.id, made.created_at
                )
            )
    if not rows:
        return
    await unit.insert_idempotency_keys(rows)
    standing = await unit.idempotency_keys([(row.app_id, row.key) for row in rows])
    for row in rows:
        own = (row.app_id, row.key)
        if standing[own].request_digest != row.request_digest:
            raise StoreConflict("another request took the idempotency key first")


class CreatePayment:
    """The use case."""

    def __init__(
        self,
        runtime: Runtime,
        admissions: Admissions,
        open_payment: OpenPayment,
        *,
        wallet: Admissions,
        router: Router,
    ) -> None:
        self._runtime = runtime
        self._router = router
        self._admissions = admissions
        self._wallet = wallet
        self._open_payment = open_payment
        self._offered: dict[str, frozenset[str]] = {}

    async def __call__(
        self, app_id: str, request: OrderRequest, *, idempotency_key: str | None, place: Place | None = None
    ) -> Admission:
        """
        Admit the order and, when it is new, open it at the channel.

        Args:
            place: what was taken for it when it arrived; without one it is taken now.

        Raises:
            TooBusy: there is no place, or the wait would be too long.
            BadRequest: the channel has not the product, or the product needs more than was sent.
            AmountRefused, LimitReached: it is too much, or too often.
            NoRoute: the choice was left to us, and no channel can take the payment now.
            OrderConflict: the order number stands for other content.
            IdempotencyConflict: the key stands for another body.
        """
        self._refuse_unless_offered(request)
        if self._runtime.limits is not None:
            await self._runtime.limits.pass_or_refuse(app_id, request)
        try:
            choice = self._chosen(app_id, request)
        except NoRoute:
            standing = await self._standing(app_id, request)
            if standing is None:
                raise
            return Admission(standing, fresh=False)
        channel = request.channel if choice is None or choice.channel is None else choice.channel
        payment = self._payment(app_id, request, channel)
        name = (app_id, request.merchant_order_no, payment.request_digest, idempotency_key)
        stock = StockOrder(payment.id, request.good_id, request.quantity or 1) if request.good_id else None
        at_once = channel == WALLET
        admissions = self._wallet if at_once else self._admissions
        kind = Kind.TIP if at_once else Kind.ORDER
        if place is None or place.kind is not kind:
            place = self._runtime.pressure.enter(kind)
        with place:
            answer = await admissions.submit(name, Candidate(payment, idempotency_key, stock, choice))
            place.answered()
            if isinstance(answer, GatewayError):
                raise type(answer)(answer.detail, code=answer.reason)
            if answer.payment.id != payment.id or not answer.fresh:
                return Admission(answer.payment, fresh=False)
            if at_once or answer.payment.status is not PaymentStatus.PENDING:
                return answer
            self._runtime.crash_point("create.after_order_row")
            if self._runtime.rules.admits_only:
                return answer
            place.hand_on()
        self._runtime.polls_bell.ring(answer.payment.poll_at)
        return Admission(await self._opened(answer.payment, place), fresh=True)

    async def _opened(self, payment: Payment, place: Place) -> Payment:
        """Have the payment opened; return it as it stands when its caller may be kept no longer."""
        caller = Caller()
        call = self._runtime.background.spawn(self._open(payment, caller, place), f"open {payment.out_trade_no}")
        # Under pressure nobody is kept: the answer is 202, always.
        await asyncio.wait({call}, timeout=0 if self._runtime.pressure.high else self._runtime.rules.sync_wait_s)
        if caller.is_owed:
            await asyncio.wait({call, caller.written}, return_when=asyncio.FIRST_COMPLETED)
        caller.leave()
        if call.done():
            return call.result()
        return caller.written.result() if caller.written.done() else payment

    def _refuse_unless_offered(self, request: OrderRequest) -> None:
        refuse_unless_whole(request)
        if request.channel != AUTO:
            offered = self._products(request.channel)
            if request.product not in offered:
                told = f"{request.channel} has no product {request.product!r}; it has {', '.join(sorted(offered))}"
                raise BadRequest(told, code="unknown_product")
        needed = NEEDED.get(request.product)
        if needed is not None and getattr(request, needed) is None:
            raise BadRequest(f"{needed}: the product {request.product} needs it", code="invalid_field")
        if request.hold and not self._freezes(request.channel):
            raise BadRequest("hold: name a channel that has pre-authorisation", code="invalid_field")

    def _products(self, channel: str) -> frozenset[str]:
        """Name what *channel* offers; what it supports never changes."""
        offered = self._offered.get(channel)
        if offered is None:
            offered = self._offered[channel] = self._runtime.channel(channel).supports() & (PRODUCTS | {BALANCE})
        return offered

    def _freezes(self, channel: str) -> bool:
        return channel != AUTO and {"preauth", "capture"} <= self._runtime.channel(channel).supports()

    def _chosen(self, app_id: str, request: OrderRequest) -> RouteChoice | None:
        """Let the router choose, where the merchant has not."""
        if request.channel != AUTO:
            return None
        lot = f"{app_id}:{request.merchant_order_no}"
        return self._router(RouteAsk(product=request.product, region=request.region, lot=lot))

    async def _standing(self, app_id: str, request: OrderRequest) -> Payment | None:
        """Return the payment of an order that was admitted when there was a channel for it."""
        order = (app_id, request.merchant_order_no)
        async with self._runtime.units() as unit:
            payment = (await unit.payments_by_order([order])).get(order)
        return payment if payment is not None and payment.request_digest == request.digest() else None

    async def _open(self, payment: Payment, caller: Caller, place: Place) -> Payment:
        """Call the channel when its turn has come; without a turn the payment is the poller's."""
        try:
            async with self._runtime.pressure.turn(payment.id) as mine:
                return await self._open_payment(payment, caller) if mine else payment
        finally:
            place.leave()

    def _payment(self, app_id: str, request: OrderRequest, channel: str) -> Payment:
        rules, now = self._runtime.rules, self._runtime.clock.now()
        expires_at = now + timedelta(seconds=rules.ttl_s(request.product, hold=request.hold))
        # Whoever will stand in line needs nobody to ask about him before he has come to its end.
        opens_at = now + timedelta(seconds=self._runtime.pressure.opening_wait_s)
        return Payment(
            id=self._runtime.ids.new("pay"),
            app_id=app_id,
            merchant_order_no=request.merchant_order_no,
            out_trade_no=self._runtime.ids.new("G"),
            channel=channel,
            product=request.product,
            amount_fen=request.amount_fen,
            currency=request.currency,
            subject=request.subject,
            buyer_id=request.buyer_id,
            room_id=request.room_id,
            attach=request.attach,
            purpose=request.purpose,
            return_url=request.return_url,
            payer_id=request.payer_id,
            auth_code=request.auth_code,
            client_ip=request.client_ip,
            request_digest=request.digest(),
            created_at=now,
            expires_at=expires_at,
            poll_at=rules.first_poll_at(opens_at, channel=channel),
            end_at=expires_at,
            hold_fen=request.amount_fen if request.hold else None,
        )


def is_waiting(payment: Payment) -> bool:
    """Tell whether the channel has not said yet how the opening went."""
    return payment.attempt in (AttemptStatus.REQUESTED, AttemptStatus.UNKNOWN) and payment.pay_params is None
