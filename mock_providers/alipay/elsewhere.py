"""Answers about another order or refund, which went well, or over another amount; signed like any other."""

from collections.abc import Mapping
from dataclasses import replace

from mock_providers.core.money import fen_from_yuan, yuan_text
from mock_providers.core.plans import UNNAMED_FEN
from mock_providers.core.wire.reply import ProviderReply

_NUMBERS = ("out_trade_no", "trade_no", "out_request_no")
_AMOUNTS = ("total_amount", "receipt_amount", "buyer_pay_amount", "invoice_amount", "refund_fee", "refund_amount")


def astray(reply: ProviderReply, which: str) -> ProviderReply:
    """
    The answer with another's numbers or amounts in it.

    Args:
        which: "order", "amount", or "" for the answer as it is.
    """
    if not which:
        return reply
    change = _another_order if which == "order" else _another_amount
    return replace(reply, fields={**reply.fields, **change(reply.fields)})


def _another_order(fields: Mapping[str, object]) -> dict[str, object]:
    found = {name: str(fields[name]) for name in _NUMBERS if fields.get(name)}
    other: dict[str, object] = {
        name: number[:-1] + ("7" if number[-1] != "7" else "3") for name, number in found.items()
    }
    return other | ({"fund_change": "Y"} if "fund_change" in fields else {})


def _another_amount(fields: Mapping[str, object]) -> dict[str, object]:
    found = {name: str(fields[name]) for name in _AMOUNTS if fields.get(name)}
    return {name: yuan_text(fen_from_yuan(yuan) + UNNAMED_FEN) for name, yuan in found.items()}
