"""Which channels there are: explicit and greppable."""

from __future__ import annotations

from collections.abc import Mapping

from reference_gateway.channels.alipay import AlipayChannel, AlipayMerchant
from reference_gateway.channels.alipay_signing import NotifyVerifier
from reference_gateway.channels.port import ChannelPort
from reference_gateway.clock import Clock


def channels_for(
    merchant: AlipayMerchant, *, clock: Clock, timeout_s: float, notify_verifier: NotifyVerifier | None
) -> Mapping[str, ChannelPort]:
    """Build every channel the gateway speaks, by name."""
    alipay = AlipayChannel(merchant, clock=clock, timeout_s=timeout_s, notify_verifier=notify_verifier)
    return {alipay.name: alipay}
