"""Rooms, goods and wallets: made and read by the merchant, one transaction each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reference_gateway.domain.accounts import streamer_account, wallet_account
from reference_gateway.domain.goods import Good, LogisticsRow, StockOrder
from reference_gateway.domain.money import Fen
from reference_gateway.domain.records import Account
from reference_gateway.domain.room import Room
from reference_gateway.errors import OrderConflict, UnknownGood, UnknownPayment, UnknownRoom
from reference_gateway.service.runtime import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRequest:
    """What the merchant asked for, validated."""

    room_id: str
    streamer_id: str
    title: str
    fee_basis_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRequest:
    """What the merchant asked for, validated."""

    good_id: str
    name: str
    price_fen: Fen
    stock: int


class Rooms:
    """The use cases."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def make(self, app_id: str, request: RoomRequest) -> tuple[Room, bool]:
        """
        Make a room, with its streamer's account; the same room again is the same room.

        Raises:
            OrderConflict: the id stands for another room.
        """
        room = Room(
            id=request.room_id,
            app_id=app_id,
            streamer_id=request.streamer_id,
            title=request.title,
            fee_basis_points=request.fee_basis_points,
            created_at=self._runtime.clock.now(),
        )
        async with self._runtime.units() as unit:
            fresh = bool(await unit.insert_rooms([room]))
            if fresh:
                await unit.open_accounts([Account(streamer_account(app_id, room.streamer_id), -1)])
                await unit.commit()
                return room, True
            known = (await unit.rooms([room.id]))[room.id]
        if replace(known, created_at=room.created_at, open=True) != room:
            raise OrderConflict("this room id is taken; take another one")
        return known, False

    async def read(self, app_id: str, room_id: str) -> Room:
        """Return the app's room, or say that there is none."""
        async with self._runtime.units() as unit:
            room = (await unit.rooms([room_id])).get(room_id)
        if room is None or room.app_id != app_id:
            raise UnknownRoom
        return room

    async def close(self, app_id: str, room_id: str) -> Room:
        """Take no more tips in the room; tips under way are still settled."""
        room = replace(await self.read(app_id, room_id), open=False)
        async with self._runtime.units() as unit:
            await unit.save_room(room)
            await unit.commit()
        return room

    async def streamer_fen(self, room: Room) -> int:
        """Say what is owed to the room's streamer, over all of the streamer's rooms."""
        name = streamer_account(room.app_id, room.streamer_id)
        return await self._balance(name)

    async def wallet_fen(self, app_id: str, buyer_id: str) -> int:
        """Say what a buyer's wallet holds; nothing, if it was never topped up."""
        return await self._balance(wallet_account(app_id, buyer_id))

    async def _balance(self, name: str) -> int:
        async with self._runtime.units() as unit:
            return (await unit.balances_of([name])).get(name, 0)

    async def make_good(self, app_id: str, request: GoodRequest) -> tuple[Good, bool]:
        """
        Make a good with its stock; the same good again is the same good.

        Raises:
            OrderConflict: the id stands for another good.
        """
        good = Good(
            id=request.good_id,
            app_id=app_id,
            name=request.name,
            price_fen=request.price_fen,
            available=request.stock,
            created_at=self._runtime.clock.now(),
        )
        async with self._runtime.units() as unit:
            if await unit.insert_goods([good]):
                await unit.commit()
                return good, True
            known = (await unit.goods([good.id]))[good.id]
        total = known.available + known.reserved + known.sold
        if (known.app_id, known.name, known.price_fen, total) != (app_id, good.name, good.price_fen, good.available):
            raise OrderConflict("this good id is taken; take another one")
        return known, False

    async def good(self, app_id: str, good_id: str) -> Good:
        """Return the app's good, or say that there is none."""
        async with self._runtime.units() as unit:
            good = (await unit.goods([good_id])).get(good_id)
        if good is None or good.app_id != app_id:
            raise UnknownGood
        return good

    async def stock_of(self, app_id: str, payment_id: str) -> tuple[StockOrder, LogisticsRow | None]:
        """Return what a payment reserved, and how it was sent."""
        async with self._runtime.units() as unit:
            if await unit.payment(app_id, payment_id) is None:
                raise UnknownPayment
            order = (await unit.stock_orders([payment_id])).get(payment_id)
            sent = await unit.logistics(payment_id)
        if order is None:
            raise UnknownPayment("this payment is not for goods; check the id")
        return order, sent
