"""Puts the last touch to a message: the signer's field, the signature, or what a fault wants in their place."""

from collections.abc import Mapping

from mock_providers.unionpay.keys import Sealer
from mock_providers.unionpay.signing import text_of


def sealed(fields: Mapping[str, str], sealer: Sealer, *, codec: str) -> tuple[Mapping[str, str], str]:
    """
    Returns:
        What stands behind the business fields, the signature last, and the text that was signed.

    Facts: unionpay/sign-string, unionpay/wire-order
    """
    text = text_of({**fields, **sealer.tail}) if sealer.tail else text_of(fields)
    if sealer.sign is None:
        return sealer.tail, text
    data = text.encode(codec, "replace")
    return {**sealer.tail, "signature": sealer.sign(data + b"!" if sealer.spoil else data)}, text
