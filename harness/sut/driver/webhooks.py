"""
Webhooks of a gateway that we have never met, read by the driver's pointers into the platform's own words.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from harness.sut.driver.schema import Webhooks
from harness.sut.driver.template import amount_at, maybe


def read_webhook(spec: Webhooks, body: bytes) -> Mapping[str, Any] | None:
    """
    The webhook as the reference gateway would have said it; None for what is ignored, or says nothing of an order.

    Without an event id of its own, what is told of an order counts as one event however often it comes.
    """
    said = _parsed(body)
    order = maybe(spec.order_no, said)
    if order is None:
        return None
    word = str(maybe(spec.type, said))
    kind = spec.types.get(word, "payment.paid" if spec.type is None else "ignored")
    if kind == "ignored":
        return None
    event = maybe(spec.effect_key or spec.event_id, said)
    digest = hashlib.blake2b(f"{order}\0{kind}".encode(), digest_size=8).hexdigest()
    data: dict[str, Any] = {"merchant_order_no": str(order)}
    amount_fen = amount_at(spec.amount_fen, spec.amount_yuan, said)
    if amount_fen is not None:
        data["amount_fen"] = amount_fen
    refund_fen = amount_at(spec.refund_fen, spec.refund_yuan, said)
    if kind.startswith("refund."):
        data["refund"] = {"amount_fen": refund_fen}
    return {"event_id": digest if event is None else str(event), "type": kind, "data": data}


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
