"""Puts the last touch to a message: the signer's field, the signature, or what a fault wants in their place."""

from bisect import bisect
from collections.abc import Mapping

from mock_providers.core.records import record
from mock_providers.unionpay.keys import Sealer


@record
class Sealed:
    """
    A message with its signature.

    Args:
        line: the business fields, joined by name.
        tail: what stands behind them, the signature last.
        text: what was signed: line and signer's field together, by name.
    """

    line: str
    tail: Mapping[str, str]
    text: str


def sealed(fields: Mapping[str, str], sealer: Sealer, *, codec: str) -> Sealed:
    """
    Sign the business fields of a message.

    Facts: unionpay/sign-string, unionpay/wire-order
    """
    names = sorted(fields)
    pieces = [f"{name}={fields[name]}" for name in names]
    line = text = "&".join(pieces)
    for name, value in sealer.tail.items():
        pieces.insert(bisect(names, name), f"{name}={value}")
        text = "&".join(pieces)
    if sealer.sign is None:
        return Sealed(line, sealer.tail, text)
    data = text.encode(codec, "replace")
    signature = sealer.sign(data + b"!" if sealer.spoil else data)
    return Sealed(line, {**sealer.tail, "signature": signature}, text)
