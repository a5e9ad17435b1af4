"""Notifies by hand: send now, lose, keep back, let go, put into another order, and copies that lie."""

import codecs
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from mock_providers.core.control.problems import ControlProblem, json_response, only
from mock_providers.core.control.reading import (
    only_query,
    read_after,
    read_body,
    read_limit,
    read_model,
    read_text,
    read_word,
    trade_of,
)
from mock_providers.core.control.state import ControlState
from mock_providers.core.notifies.copies import Delivery, Sought
from mock_providers.core.plans import Kind, PlannedDelivery, Seal
from mock_providers.errors import BookRefused

_STATES = ("pending", "done")
_REORDERED_MAX = 1000


def _known_charset(name: str) -> str:
    try:
        codecs.lookup(name or "utf-8")
    except LookupError:
        raise ValueError(f"no charset is called {name[:40]}") from None
    return name


_STALE_MAX_S = 10 * 365 * 86_400.0
_SLOW_MAX_S = 3600.0


class _Copy(BaseModel):
    """What a copy by hand may lie about; when it leaves and what it is called is not the caller's choice."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seal: Seal = Field(default=Seal.TRUE, strict=False)
    add_fen: int = Field(default=0, ge=-(10**12), le=10**12)
    wrong: frozenset[Literal["merchant", "app", "order"]] = Field(default=frozenset(), strict=False)
    stale_s: float = Field(default=0.0, ge=0, le=_STALE_MAX_S)
    charset: Annotated[str, AfterValidator(_known_charset)] = ""
    extra_fields: int = Field(default=0, ge=0, le=100)
    read_slowly_s: float = Field(default=0.0, ge=0, le=_SLOW_MAX_S)
    ignore_ack: bool = False


_MEMBERS = tuple(_Copy.model_fields)


class DeliveryHandlers:
    """Answers over one notifier."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def page(self, request: web.Request) -> web.Response:
        """A page of deliveries."""
        only_query(request, "state", "provider", "order", "merchant")
        wanted = Sought(
            state=read_word(request, "state", _STATES),
            provider=read_text(request, "provider"),
            order=read_text(request, "order"),
            merchant=read_text(request, "merchant"),
        )
        items, cursor = self._state.notifier.page(wanted, after=read_after(request), limit=read_limit(request))
        return json_response({"items": items, "next": cursor})

    async def one(self, request: web.Request) -> web.Response:
        """One delivery."""
        return self._shown(self._delivery(request.match_info["id"]))

    async def deliver(self, request: web.Request) -> web.Response:
        """Send a delivery now, or one that was sent before once more; answers when the merchant has."""
        return self._shown(await self._state.notifier.deliver(self._delivery(request.match_info["id"])))

    async def copy(self, request: web.Request) -> web.Response:
        """Send a copy that differs from the truth in what the body says; answers when the merchant has."""
        like = self._delivery(request.match_info["id"])
        asked = await read_model(request, _Copy)
        return self._shown(await self._state.notifier.copy(like, _planned(asked)))

    async def drop(self, request: web.Request) -> web.Response:
        """Lose a delivery."""
        delivery = self._delivery(request.match_info["id"])
        self._state.notifier.drop(delivery)
        return self._shown(delivery)

    async def hold(self, request: web.Request) -> web.Response:
        """Keep a delivery until it is delivered, released or dropped by hand."""
        delivery = self._delivery(request.match_info["id"])
        self._state.notifier.hold(delivery)
        return self._shown(delivery)

    async def release(self, request: web.Request) -> web.Response:
        """Let a held delivery go."""
        delivery = self._delivery(request.match_info["id"])
        self._state.notifier.release(delivery)
        return self._shown(delivery)

    async def reorder(self, request: web.Request) -> web.Response:
        """Send deliveries that wait, now, in the order given; answers when the last has been answered."""
        ids = (await read_body(request, "ids")).get("ids")
        if not isinstance(ids, list) or not 0 < len(ids) <= _REORDERED_MAX or len({*map(str, ids)}) < len(ids):
            raise ControlProblem(
                400, "bad_body", f"ids: {str(ids)[:200]}", next_step="give the ids of some deliveries, each once"
            )
        deliveries = [self._delivery(str(one)) for one in ids]
        await self._state.notifier.deliver_in_order(deliveries)
        return json_response({"items": [self._state.notifier.as_json(one) for one in deliveries]})

    async def next_rung(self, request: web.Request) -> web.Response:
        """Advance the schedule to the next delivery of one order; answers when it has been answered."""
        only(request.query, ("merchant",), code="bad_query")
        try:
            await self._state.next_rung(trade_of(self._state, request))
        except BookRefused as refused:
            raise ControlProblem(
                409,
                refused.code,
                str(refused),
                next_step="its ladder has ended, or what is left is held: see GET /control/v1/notifies",
            ) from None
        return json_response(self._state.clock_json())

    def _delivery(self, delivery_id: str) -> Delivery:
        delivery = self._state.notifier.find(delivery_id)
        if delivery is None:
            raise ControlProblem(
                404,
                "unknown_notify",
                f"no such notify: {delivery_id[:40]}",
                next_step="list them with GET /control/v1/notifies",
            )
        return delivery

    def _shown(self, delivery: Delivery) -> web.Response:
        return json_response(self._state.notifier.as_json(delivery))


def _planned(asked: _Copy) -> PlannedDelivery:
    return PlannedDelivery(_kind_of(asked), fault="by_hand", **{name: getattr(asked, name) for name in _MEMBERS})


def _kind_of(asked: _Copy) -> Kind:
    if asked.add_fen:
        return Kind.TAMPERED
    if asked.wrong:
        return Kind.STRAY
    return Kind.DUPLICATE if asked.seal.genuine else Kind.FORGED
