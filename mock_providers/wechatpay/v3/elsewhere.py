"""Answers about another order or refund, which went well, or over another amount; signed like any other."""

from typing import Any

import orjson

from mock_providers.core.plans import UNNAMED_FEN

_NUMBERS = ("out_trade_no", "transaction_id", "out_refund_no")
_AMOUNTS = ("total", "payer_total", "refund", "payer_refund")
_GONE_WELL = {"status": "SUCCESS"}


def astray(body: bytes, which: str) -> bytes:
    """
    The answer with another's numbers or amounts in it; a file, or an empty one, as it is.

    Args:
        which: "order" or "amount".
    """
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    if not isinstance(said, dict):
        return body
    if which == "order":
        found = {name: said[name] for name in _NUMBERS if said.get(name)}
        said |= {name: number[:-1] + ("0" if number[-1] != "0" else "1") for name, number in found.items()}
    elif isinstance(said.get("amount"), dict):
        said["amount"] = _other_amount(said["amount"])
    said |= _GONE_WELL if said.get("out_refund_no") else {}
    return orjson.dumps(said)


def _other_amount(amount: dict[str, Any]) -> dict[str, Any]:
    return {name: value + UNNAMED_FEN if name in _AMOUNTS else value for name, value in amount.items()}
