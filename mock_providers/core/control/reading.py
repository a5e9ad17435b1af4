"""What the calls of the control API read out of bodies and queries, and refuse with the closest right word."""

from collections.abc import Sequence
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from mock_providers.core.books.book import Trade
from mock_providers.core.control.problems import ControlProblem, only, read_int, read_json
from mock_providers.core.control.state import ControlState
from mock_providers.errors import closest

Model = TypeVar("Model", bound=BaseModel)

_PAGE = 1000
_PAGE_MAX = 10_000
_CURSOR_MAX = 10**15


async def read_body(request: web.Request, *known: str) -> dict[str, Any]:
    """
    The JSON object in the body, with no other names than those *known*.

    Raises:
        ControlProblem: anything else.
    """
    body = await read_json(request)
    only(body, known, code="bad_body")
    return body


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """
    The JSON object in the body, checked by *model*.

    Raises:
        ControlProblem: with the first name or value that is wrong.
    """
    body = await read_json(request)
    only(body, tuple(model.model_fields), code="bad_body")
    try:
        return model.model_validate(body)
    except ValidationError as refused:
        first = refused.errors()[0]
        name = ".".join(map(str, first["loc"])) or "body"
        raise ControlProblem(
            400,
            "bad_body",
            f"{name}: {first['msg'].removeprefix('Value error, ')}",
            next_step="see what this call takes in /control/v1/openapi.yaml",
        ) from None


def only_query(request: web.Request, *more: str) -> None:
    """
    Refuse a query with other names than those of a page and *more*.

    Raises:
        ControlProblem: for the first.
    """
    only(request.query, (*more, "after", "limit"), code="bad_query")


def read_after(request: web.Request) -> int:
    """
    The cursor of a page.

    Raises:
        ControlProblem: no number.
    """
    return read_int(request, "after", default=0, lowest=0, highest=_CURSOR_MAX)


def read_limit(request: web.Request) -> int:
    """
    The size of a page.

    Raises:
        ControlProblem: no number, or too large.
    """
    return read_int(request, "limit", default=_PAGE, lowest=1, highest=_PAGE_MAX)


def read_word(request: web.Request, name: str, known: Sequence[str]) -> str | None:
    """
    One of a few words from the query; None when it is absent.

    Raises:
        ControlProblem: another word.
    """
    value = request.query.get(name) or None
    if value is not None and value not in known:
        raise ControlProblem(
            400,
            "bad_query",
            f"{name}={value}.{closest(value, known)}",
            next_step=f"give {name} as one of {', '.join(known)}",
        )
    return value


def read_text(request: web.Request, name: str) -> str | None:
    """Any text from the query; None when it is absent or empty."""
    return request.query.get(name) or None


def read_choice(body: dict[str, Any], name: str, known: Sequence[str], *, code: str = "bad_body") -> str:
    """
    One of a few words from a body.

    Raises:
        ControlProblem: another word, or none.
    """
    value = body.get(name)
    if value not in known:
        raise ControlProblem(
            400,
            code,
            f"{name}: {value!r}.{closest(str(value), known)}",
            next_step=f"give {name} as one of {', '.join(known)}",
        )
    return str(value)


def trade_of(state: ControlState, request: web.Request) -> Trade:
    """
    The trade that a path names; the query's `merchant` decides where two have the same number.

    Raises:
        ControlProblem: the provider knows no such order.
    """
    provider, order = request.match_info["provider"], request.match_info["out_trade_no"]
    now, merchant = state.schedule.now(), read_text(request, "merchant")
    trade = state.book.by_order(provider, order, now=now, merchant_id=merchant)
    if trade is None:
        raise ControlProblem(
            404,
            "unknown_order",
            f"{provider} knows no order {order}" + (f" of merchant {merchant}" if merchant else ""),
            next_step="list what there is with GET /control/v1/trades",
        )
    return trade
