"""
Reading what merchants send: strict JSON, strict fields, nothing guessed.

Refused here: bodies too large, not UTF-8, not JSON, keys twice, NaN, lone surrogates, NUL and other control
characters, numbers of absurd length, nesting without end, unknown fields, amounts that are not whole positive fen.
"""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from reference_gateway.domain.money import AMOUNT_FEN_MAX, Fen
from reference_gateway.errors import BadRequest
from reference_gateway.service.orders.create_payment import OrderRequest
from reference_gateway.service.orders.refund_payment import RefundRequest

BODY_BYTES_MAX = 32 * 1024
DIGITS_MAX = 18
QUANTITY_MAX = 10_000


_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def printable(text: str) -> str:
    if _UNPRINTABLE.search(text) is not None:
        raise ValueError("control characters and lone surrogates are refused")
    return text


def _address(text: str) -> str:
    return str(ip_address(text))


Number = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]
Line = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(printable)]
Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(printable)]
AmountFen = Annotated[int, Field(ge=1, le=AMOUNT_FEN_MAX)]


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class PaymentBody(Body):
    """The body of POST /api/v1/payments."""

    merchant_order_no: Number
    amount_fen: AmountFen
    currency: Literal["CNY"]
    subject: Line
    channel: Name
    product: Name
    region: Name | None = None
    buyer_id: Name | None = None
    room_id: Name | None = None
    attach: Annotated[str, Field(max_length=512), AfterValidator(printable)] | None = None
    purpose: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] | None = None
    return_url: Annotated[str, Field(max_length=512, pattern=r"^https?://[!-~]+$")] | None = None
    payer_id: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(printable)] | None = None
    auth_code: Annotated[str, Field(pattern=r"^[0-9]{16,24}$")] | None = None
    good_id: Number | None = None
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)] | None = None
    client_ip: Annotated[str, Field(max_length=45), AfterValidator(_address)] | None = None
    hold: bool = False

    def request(self) -> OrderRequest:
        return OrderRequest(**vars(self))


class ReconciliationBody(Body):
    """The body of POST /api/v1/reconciliations; *again* compares a day that was compared before."""

    channel: Name
    day: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    again: bool = False


class RefundBody(Body):
    """The body of POST /api/v1/payments/{id}/refunds."""

    merchant_refund_no: Number
    amount_fen: AmountFen
    reason: Line | None = None

    def request(self) -> RefundRequest:
        return RefundRequest(self.merchant_refund_no, Fen(self.amount_fen), self.reason)


class ShipBody(Body):
    """The body of POST /api/v1/payments/{id}/ship."""

    carrier: Name
    tracking_no: Name


class CaptureBody(Body):
    """The body of POST /api/v1/payments/{id}/capture; without an amount, all of it."""

    amount_fen: AmountFen | None = None


class EmptyBody(Body):
    """Nothing to say: no body, or an empty object."""


BodyT = TypeVar("BodyT", bound=Body)


async def read_body(request: web.Request, *, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """Read at most *bytes_max*; more is refused without being kept."""
    if request.content_length is not None and request.content_length > bytes_max:
        raise BadRequest(f"the body may have {bytes_max} bytes at most", code="body_too_large")
    if request.content.is_eof():
        # All of it has come, as a small body does: there is nothing to wait for.
        whole = request.content.read_nowait()
        if len(whole) > bytes_max:
            raise BadRequest(f"the body may have {bytes_max} bytes at most", code="body_too_large")
        return whole
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > bytes_max:
            raise BadRequest(f"the body may have {bytes_max} bytes at most", code="body_too_large")
    return bytes(body)


def parse(model: type[BodyT], content_type: str, body: bytes) -> BodyT:
    """Parse and validate *body*; every complaint names its field."""
    if content_type != "application/json":
        raise BadRequest("send Content-Type: application/json", code="unsupported_media_type")
    try:
        return model.model_validate(_json(body))
    except ValidationError as error:
        complaints = (
            f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors(include_input=False)
        )
        raise BadRequest("; ".join(complaints), code="invalid_field") from error


def _json(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadRequest("the body is not UTF-8", code="malformed_json") from error
    except RecursionError as error:
        raise BadRequest("the body is nested too deep", code="malformed_json") from error
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}", code="malformed_json") from error


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadRequest("a key stands twice in one object", code="duplicate_key")
    return members


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _short_int(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise BadRequest(f"a number has more than {DIGITS_MAX} digits", code="invalid_field")
    return int(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_no_key_twice, parse_constant=_no_constant, parse_int=_short_int)
