"""
Problems as RFC 9457 documents: one place where the gateway's errors become statuses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web

from reference_gateway.errors import (
    AmountRefused,
    BadRequest,
    ChannelOutcomeUnknown,
    ChannelRefused,
    ChannelUnavailable,
    GatewayError,
    IdempotencyConflict,
    IllegalTransition,
    LimitReached,
    NoRoute,
    NotAnOperator,
    OrderConflict,
    PacketGone,
    RefundConflict,
    RefundExceedsPaid,
    StoreConflict,
    StoreUnavailable,
    TooBusy,
    Unauthenticated,
    UnknownGood,
    UnknownPacket,
    UnknownPayment,
    UnknownPayout,
    UnknownReconciliation,
    UnknownRefund,
    UnknownRoom,
)

STATUSES: Mapping[type[GatewayError], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    NotAnOperator: 403,
    UnknownPayment: 404,
    UnknownReconciliation: 404,
    UnknownRefund: 404,
    UnknownRoom: 404,
    UnknownGood: 404,
    UnknownPacket: 404,
    UnknownPayout: 404,
    PacketGone: 409,
    OrderConflict: 409,
    IdempotencyConflict: 409,
    RefundConflict: 409,
    RefundExceedsPaid: 409,
    IllegalTransition: 409,
    TooBusy: 429,
    LimitReached: 429,
    AmountRefused: 403,
    ChannelRefused: 502,
    ChannelUnavailable: 502,
    ChannelOutcomeUnknown: 504,
    StoreUnavailable: 503,
    StoreConflict: 503,
    NoRoute: 503,
}
REASON_STATUSES: Mapping[str, int] = {
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "invalid_field": 422,
    "price_mismatch": 409,
    "room_closed": 409,
}

_HTTP_CODES: Mapping[int, str] = {404: "no_such_resource", 405: "method_not_allowed", 413: "body_too_large"}

REFUSALS = (GatewayError, web.HTTPException)
"""What a handler may raise to answer with."""

JSON: Mapping[str, str] = {"Content-Type": "application/json"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def json_response(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=orjson.dumps(body), status=status, headers={**JSON, **headers} if headers else JSON)


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with a problem document; *code* is the machine word."""
    document = {
        "type": "about:blank",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return web.Response(
        body=orjson.dumps(document), status=status, headers=headers, content_type="application/problem+json"
    )


def status_of(error: GatewayError) -> int:
    """Return the status for an error: by its reason, else by its class."""
    return REASON_STATUSES.get(error.reason) or STATUSES.get(type(error), 500)


def problem_of(error: GatewayError | web.HTTPException, request: web.Request) -> web.Response:
    """Turn an error into a problem document; an answer that the server raises and that is no error goes on as it is."""
    if isinstance(error, GatewayError):
        status = status_of(error)
        return problem(status, error.reason, error.detail, _retry_after(error, status))
    if error.status < 400:
        raise error
    code = _HTTP_CODES.get(error.status, "http_error")
    kept = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
    return problem(error.status, code, f"{request.method} {request.path}: {error.reason}", kept)


def _retry_after(error: GatewayError, status: int) -> dict[str, str] | None:
    """Tell when to come again, where coming again helps."""
    if isinstance(error, TooBusy):
        return {"Retry-After": str(error.retry_after_s)}
    return {"Retry-After": "1"} if status == 503 else None


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn errors into problem documents."""
    try:
        return await handler(request)
    except REFUSALS as error:
        return problem_of(error, request)
