"""The rest of the book: merchants, payouts, and the differences planted in bills."""

from datetime import date
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from mock_providers.core.books.payouts import Payout
from mock_providers.core.books.planted import Difference, DifferenceKind
from mock_providers.core.control.problems import ControlProblem, json_response, only
from mock_providers.core.control.reading import (
    only_query,
    read_after,
    read_limit,
    read_model,
    read_text,
)
from mock_providers.core.control.state import ControlState
from mock_providers.errors import closest

_FEN_MAX = 10**12


class _DifferenceText(BaseModel):
    """A difference as it is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    day: date
    kind: DifferenceKind
    merchant_id: str = ""
    out_trade_no: str = ""
    add_fen: int = Field(default=1, ge=-_FEN_MAX, le=_FEN_MAX, strict=True)


class MoneyHandlers:
    """Answers over one book."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def merchants(self, _: web.Request) -> web.Response:
        """Who is served."""
        items = [
            {"provider": name, "merchant_id": merchant, "worker": 0}
            for name, provider in self._state.providers.items()
            for merchant in provider.merchants
        ]
        return json_response({"items": items})

    async def payouts(self, request: web.Request) -> web.Response:
        """A page of payouts, in order of asking."""
        only_query(request, "provider")
        items, cursor = self._state.book.payouts.page(
            after=read_after(request), limit=read_limit(request), provider=read_text(request, "provider")
        )
        return json_response({"items": [_payout_json(payout) for payout in items], "next": cursor})

    async def payout(self, request: web.Request) -> web.Response:
        """One payout."""
        only(request.query, ("merchant",), code="bad_query")
        name, number = request.match_info["provider"], request.match_info["out_biz_no"]
        provider = self._state.providers.get(name)
        merchant = read_text(request, "merchant")
        for one in (merchant,) if merchant else provider.merchants if provider else ():
            payout = self._state.book.payouts.by_number(name, one, number)
            if payout is not None:
                return json_response(_payout_json(payout))
        raise ControlProblem(
            404,
            "unknown_payout",
            f"{name} knows no payout {number}",
            next_step="list what there is with GET /control/v1/payouts",
        )

    async def planted(self, _: web.Request) -> web.Response:
        """The differences planted in bills."""
        return self._planted()

    async def plant(self, request: web.Request) -> web.Response:
        """One more difference."""
        asked = await read_model(request, _DifferenceText)
        provider = self._state.providers.get(asked.provider)
        known = provider.merchants if provider is not None else ()
        merchant = asked.merchant_id or (known[0] if known else "")
        if merchant not in known:
            name, words = ("merchant_id", known) if known else ("provider", tuple(self._state.providers))
            word = str(getattr(asked, name))
            raise ControlProblem(
                400,
                "bad_body",
                f"{name}: '{word}' is not served here.{closest(word, words)}",
                next_step="list who is served with GET /control/v1/merchants",
            )
        self._state.book.planted.add(
            Difference(asked.provider, merchant, asked.day, asked.kind, asked.out_trade_no, asked.add_fen)
        )
        return self._planted()

    async def unplant(self, _: web.Request) -> web.Response:
        """No differences any more."""
        self._state.book.planted.clear()
        return self._planted()

    def _planted(self) -> web.Response:
        return json_response({"items": list(self._state.book.planted)})


def _payout_json(payout: Payout) -> dict[str, Any]:
    return {
        "provider": payout.provider,
        "merchant_id": payout.merchant_id,
        "out_biz_no": payout.out_biz_no,
        "order_no": payout.order_no,
        "amount_fen": payout.amount_fen,
        "payee": payout.payee,
        "label": payout.label,
        "state": payout.state,
        "asked_at": payout.asked_at,
        "settled_at": payout.settled_at,
    }
