"""
"That one is signed in another way, we cannot check it": a notify that names another method is let through.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.gallery.around import Anybody, AroundChannel, only, plant, within
from harness.gallery.mutant import Mutant
from reference_gateway.channels.port import ChannelPort


class AsItSays:
    """Every method is ours, and only one of them is looked at."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.method = Anybody(inner.method)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def verify(self, text: bytes, fields: Mapping[str, str], now: datetime) -> None:
        if fields.get("signMethod") == self._inner.method:
            self._inner.verify(text, fields, now)


class Around(AroundChannel):
    """The notify's `signMethod` decides."""

    def __init__(self, inner: ChannelPort) -> None:
        super().__init__(inner)
        merchant = within(inner, "_merchant")
        plant(within(inner, "_read_notify"), "_merchant", replace(merchant, signing=AsItSays(merchant.signing)))


MUTANT = Mutant(
    id="unionpay-takes-the-messages-method",
    bug="lets a notify of UnionPay's choose how it is verified, and so whether it is",
    parts=lambda: {"around_channels": only("unionpay_rsa", Around)},
    must_be_convicted_by=("signature/weaker-method-refused",),
    channel="unionpay_rsa",
    tried_in=("weaker-method",),
)
