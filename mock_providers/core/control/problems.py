"""Refusals of the control API: RFC 9457 problems with a code for machines and the next step for people."""

import hmac
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Middleware

from mock_providers.core.wire.hosts import host_of, is_loopback
from mock_providers.errors import BookRefused, RulesRefused, closest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlProblem(Exception):
    """A request that the control API refuses."""

    def __init__(self, status: int, code: str, detail: str, *, next_step: str, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.next_step = next_step
        self.more = more


def json_response(value: object, *, status: int = 200, content_type: str = "application/json") -> web.Response:
    """Any JSON value; dates as ISO 8601."""
    return web.Response(body=orjson.dumps(value), status=status, content_type=content_type)


def _problem_response(problem: ControlProblem) -> web.Response:
    return json_response(
        {
            "type": f"about:blank#{problem.code}",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "code": problem.code,
            "detail": problem.detail,
            "next": problem.next_step,
            **problem.more,
        },
        status=problem.status,
        content_type="application/problem+json",
    )


def guard(token: str) -> Middleware:
    """Ask for the token, when there is one, and turn every refusal into a problem."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _demand(request, token)
        except ControlProblem as problem:
            return _problem_response(problem)
        return await answered(request, handler)

    return guarded


async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """
    What *handler* says; a refusal as a problem.
    """
    try:
        return await handler(request)
    except ControlProblem as problem:
        return _problem_response(problem)
    except BookRefused as refused:
        return _problem_response(
            ControlProblem(409, refused.code, str(refused), next_step="look at the present state first")
        )
    except RulesRefused as refused:
        return _problem_response(
            ControlProblem(
                400,
                "bad_rules",
                str(refused),
                next_step="correct the rules; those in force have not changed",
                problems=refused.problems,
            )
        )
    except web.HTTPException as refused:
        return _problem_response(
            ControlProblem(
                refused.status,
                HTTPStatus(refused.status).phrase.lower().replace(" ", "_"),
                f"{request.method} {request.path}: {refused.reason}",
                next_step="the calls are listed in mock_providers/README.md",
            )
        )


def _demand(request: web.Request, token: str) -> None:
    if not token:
        _demand_neighbour(request)
        return
    shown = request.headers.get("Authorization", "")
    if not hmac.compare_digest(shown.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        raise ControlProblem(
            401,
            "token_required",
            "this control API asks for its token",
            next_step="send the header 'Authorization: Bearer <control_token>'",
        )


def _demand_neighbour(request: web.Request) -> None:
    """A browser on this machine carries strangers' requests to loopback; it tells by the names it was given."""
    origin = request.headers.get("Origin")
    if not is_loopback(host_of(f"//{request.host}")) or (origin is not None and not is_loopback(host_of(origin))):
        raise ControlProblem(
            403,
            "stranger",
            f"Host {request.host}, Origin {origin or 'none'}",
            next_step="call it by its loopback address, or set a control token",
        )


async def read_json(request: web.Request) -> dict[str, Any]:
    """
    The JSON object in the body; an empty body is an empty object.

    Raises:
        ControlProblem: anything else.
    """
    raw = await request.read()
    try:
        body = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as problem:
        raise ControlProblem(400, "bad_json", str(problem), next_step="send one JSON object") from None
    if not isinstance(body, dict):
        raise ControlProblem(400, "bad_json", "the body is no JSON object", next_step="send one JSON object")
    return body


def only(given: Iterable[str], known: tuple[str, ...], *, code: str) -> None:
    """
    Refuse misspelt names, which would be ignored silently otherwise.

    Raises:
        ControlProblem: for the first name that is none of those *known*.
    """
    for name in given:
        if name not in known:
            raise ControlProblem(
                400, code, f"unknown name '{name}'.{closest(name, known)}", next_step=f"known here: {', '.join(known)}"
            )


def read_int(request: web.Request, name: str, *, default: int, lowest: int, highest: int) -> int:
    """
    A number from the query.

    Raises:
        ControlProblem: not a number, or out of range.
    """
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and lowest <= int(text) <= highest):
        raise ControlProblem(
            400, "bad_query", f"{name}={text}", next_step=f"give {name} as a number from {lowest} to {highest}"
        )
    return int(text)


def read_seconds(body: dict[str, Any], name: str, *, highest: float) -> float:
    """
    A number of seconds, or a factor, from a body.

    Raises:
        ControlProblem: missing, negative, or absurd.
    """
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= highest:
        raise ControlProblem(
            400, "bad_body", f"{name}: {value!r}", next_step=f"give {name} as a number from 0 to {highest:g}"
        )
    return float(value)
