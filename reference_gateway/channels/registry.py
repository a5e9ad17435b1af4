"""Which channels there are: explicit and greppable. A channel exists when its settings name the vendor's address."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

from reference_gateway.channels.alipay.setup import alipay_channel, alipay_v3_channel
from reference_gateway.channels.alipay.signing import NotifyVerifier
from reference_gateway.channels.port import ChannelPort
from reference_gateway.channels.unionpay.codes import QUERY_LADDER_S
from reference_gateway.channels.unionpay.setup import (
    unionpay_keyed_channel,
    unionpay_rsa_channel,
    unionpay_sm2_channel,
)
from reference_gateway.channels.wechatpay.setup import wechat_v2_channel, wechat_v3_channel
from reference_gateway.clock import Clock
from reference_gateway.errors import SettingsRefused
from reference_gateway.settings import GatewaySettings

Maker = Callable[[GatewaySettings, Clock], ChannelPort | None]

ADVISED_LADDERS_S: Mapping[str, tuple[float, ...]] = dict.fromkeys(
    ("unionpay_rsa", "unionpay_keyed", "unionpay_sm2"), QUERY_LADDER_S
)
"""When the vendors want to be asked about an outcome that nobody knows, where their sheets say it."""


def channels_for(
    settings: GatewaySettings, *, clock: Clock, notify_verifier: NotifyVerifier | None = None
) -> Mapping[str, ChannelPort]:
    """
    Build every channel that the settings tell of, by name.

    Raises:
        SettingsRefused: no channel at all, one that is told of by halves, or a key that cannot be read.
    """
    alipay = functools.partial(alipay_channel, read=key_bytes, notify_verifier=notify_verifier)
    alipay_v3 = functools.partial(alipay_v3_channel, read=key_bytes, notify_verifier=notify_verifier)
    wechatpay_v3 = functools.partial(wechat_v3_channel, read=key_bytes)
    wechatpay_v2 = functools.partial(wechat_v2_channel, read=key_bytes)
    unionpay = tuple(
        functools.partial(maker, read=key_bytes)
        for maker in (unionpay_rsa_channel, unionpay_keyed_channel, unionpay_sm2_channel)
    )
    makers: tuple[Maker, ...] = (alipay, alipay_v3, wechatpay_v3, wechatpay_v2, *unionpay)
    channels = {made.name: made for maker in makers if (made := maker(settings, clock)) is not None}
    if not channels:
        raise SettingsRefused("no channel is set up; give at least one, for example GATEWAY_ALIPAY_GATEWAY_URL")
    return channels


def key_bytes(file: Path | None) -> bytes:
    """Read a key file, or say which one cannot be read."""
    if file is None:
        raise SettingsRefused("a key file is needed and none is named")
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsRefused(f"a key file cannot be read: {error}") from error
