"""
What an order is for: a tip, goods, a top-up, a red packet, or nothing in particular.

An order is judged inside the transaction that admits it, a batch at a time: its room or good must be there and belong
to the app. Goods are reserved in the same transaction; what cannot be reserved ends at once, as an order that was
refused. Knows nothing of channels.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Protocol, TypeVar

from reference_gateway.domain.accounts import WALLET
from reference_gateway.domain.goods import Good, StockOrder, StockStatus
from reference_gateway.domain.payment import Payment
from reference_gateway.errors import BadRequest, GatewayError, UnknownGood, UnknownRoom
from reference_gateway.service.unit_of_work import UnitOfWork

OUT_OF_STOCK = "out_of_stock"


class Purpose(StrEnum):
    TIP = "tip"
    GOODS = "goods"
    TOPUP = "topup"
    RED_PACKET = "red_packet"


class Asked(Protocol):
    """What a request for an order says about its purpose."""

    @property
    def purpose(self) -> str | None: ...

    @property
    def channel(self) -> str: ...

    @property
    def buyer_id(self) -> str | None: ...

    @property
    def room_id(self) -> str | None: ...

    @property
    def good_id(self) -> str | None: ...


NEEDS: Mapping[str, str] = {
    Purpose.TIP: "room_id",
    Purpose.GOODS: "good_id",
    Purpose.TOPUP: "buyer_id",
    Purpose.RED_PACKET: "buyer_id",
}
"""What an order of each purpose cannot do without."""


def refuse_unless_whole(asked: Asked) -> None:
    """
    Check that a request says what its purpose needs, and nothing that contradicts it.

    Raises:
        BadRequest: naming the field.
    """
    if asked.purpose is not None and asked.purpose not in NEEDS:
        near = difflib.get_close_matches(asked.purpose, sorted(NEEDS), n=1, cutoff=0.0)[0]
        raise BadRequest(f"purpose: {asked.purpose!r} is none; did you mean {near!r}?", code="invalid_field")
    needed = NEEDS.get(asked.purpose or "")
    if needed is not None and getattr(asked, needed) is None:
        raise BadRequest(f"{needed}: an order for {asked.purpose} needs it", code="invalid_field")
    if asked.good_id is not None and asked.purpose != Purpose.GOODS:
        raise BadRequest("good_id: only an order whose purpose is goods has one", code="invalid_field")
    if asked.channel == WALLET and asked.buyer_id is None:
        raise BadRequest("buyer_id: paying from a balance needs it", code="invalid_field")
    if asked.channel == WALLET and asked.purpose == Purpose.TOPUP:
        raise BadRequest("channel: a wallet is topped up through another channel", code="invalid_field")


class Wanted(Protocol):
    """An order that asks to be admitted."""

    @property
    def payment(self) -> Payment: ...

    @property
    def stock(self) -> StockOrder | None: ...


NameT = TypeVar("NameT", bound=Hashable)


async def refusals(unit: UnitOfWork, orders: Mapping[NameT, Wanted]) -> dict[NameT, GatewayError]:
    """Name the orders that point at something that is not there, and why."""
    tips = {name: order.payment for name, order in orders.items() if order.payment.purpose == Purpose.TIP}
    bought = {name: order for name, order in orders.items() if order.stock is not None}
    refused: dict[NameT, GatewayError] = {}
    if tips:
        rooms = await unit.rooms({payment.room_id or "" for payment in tips.values()})
        for name, payment in tips.items():
            room = rooms.get(payment.room_id or "")
            if room is None or room.app_id != payment.app_id:
                refused[name] = UnknownRoom()
            elif not room.open:
                refused[name] = BadRequest("the room is closed; tips are taken in open rooms", code="room_closed")
    if bought:
        goods = await unit.goods({order.stock.good_id for order in bought.values() if order.stock is not None})
        for name, order in bought.items():
            if (refusal := _priced(order, goods)) is not None:
                refused[name] = refusal
    return refused


def _priced(order: Wanted, goods: Mapping[str, Good]) -> GatewayError | None:
    if order.stock is None:
        return None
    good = goods.get(order.stock.good_id)
    if good is None or good.app_id != order.payment.app_id:
        return UnknownGood()
    price_fen = good.price_fen * order.stock.quantity
    if price_fen != order.payment.amount_fen:
        told = f"amount_fen: {order.stock.quantity} of this good cost {price_fen} fen"
        return BadRequest(told, code="price_mismatch")
    return None


def short(orders: Sequence[StockOrder], goods: Mapping[str, Good]) -> set[str]:
    """Name the payments for which stock does not reach, serving them in their order; *goods* are locked."""
    left = {good.id: good.available for good in goods.values()}
    refused = set()
    for order in orders:
        if order.quantity > left.get(order.good_id, 0):
            refused.add(order.payment_id)
        else:
            left[order.good_id] -= order.quantity
    return refused


async def reserve(unit: UnitOfWork, orders: Sequence[StockOrder]) -> set[str]:
    """Reserve what there is; return the payments for which there was not enough."""
    goods = await unit.lock_goods({order.good_id for order in orders})
    refused = short(orders, goods)
    kept = [order for order in orders if order.payment_id not in refused]
    for order in kept:
        goods[order.good_id] = goods[order.good_id].reserve(order.quantity)
    if kept:
        await unit.save_goods([goods[good_id] for good_id in sorted({order.good_id for order in kept})])
        await unit.insert_stock_orders(kept)
    return refused


async def settle_stock(unit: UnitOfWork, payment_ids: Collection[str], to: StockStatus) -> None:
    """Take these payments' reservations to their end; one that has ended already stays as it is."""
    found = await unit.stock_orders(payment_ids)
    goods = await unit.lock_goods({order.good_id for order in found.values()})
    # Read again: only under the good's lock is it certain that nobody else ended the reservation.
    found = await unit.stock_orders(payment_ids)
    moved = [order for order in found.values() if order.status is StockStatus.RESERVED]
    for order in moved:
        goods[order.good_id] = goods[order.good_id].settle(order.quantity, to)
    if moved:
        await unit.save_goods([goods[good_id] for good_id in sorted({order.good_id for order in moved})])
        await unit.save_stock_orders([replace(order, status=to) for order in moved])
