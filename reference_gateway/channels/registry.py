"""Which channels there are: explicit and greppable. A channel exists when its settings name the vendor's address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reference_gateway.channels.alipay import AlipayChannel, AlipayMerchant
from reference_gateway.channels.alipay.signing import NotifyVerifier, load_private_key, load_public_key
from reference_gateway.channels.port import ChannelPort
from reference_gateway.clock import Clock
from reference_gateway.errors import SettingsRefused
from reference_gateway.settings import GatewaySettings

Maker = Callable[[GatewaySettings, Clock], ChannelPort | None]


def channels_for(
    settings: GatewaySettings, *, clock: Clock, notify_verifier: NotifyVerifier | None = None
) -> Mapping[str, ChannelPort]:
    """
    Build every channel that the settings tell of, by name.

    Raises:
        SettingsRefused: no channel at all, one that is told of by halves, or a key that cannot be read.
    """
    makers: tuple[Maker, ...] = (lambda settings, clock: _alipay(settings, clock, notify_verifier),)
    channels = {made.name: made for maker in makers if (made := maker(settings, clock)) is not None}
    if not channels:
        raise SettingsRefused("no channel is set up; give at least one, for example GATEWAY_ALIPAY_GATEWAY_URL")
    return channels


def _alipay(settings: GatewaySettings, clock: Clock, notify_verifier: NotifyVerifier | None) -> ChannelPort | None:
    if not settings.alipay_gateway_url:
        return None
    merchant = AlipayMerchant(
        settings.alipay_gateway_url,
        settings.alipay_app_id,
        settings.alipay_seller_id,
        load_private_key(key_bytes(settings.alipay_app_private_key_file)),
        load_public_key(key_bytes(settings.alipay_public_key_file)),
    )
    return AlipayChannel(merchant, clock=clock, timeout_s=settings.channel_timeout_s, notify_verifier=notify_verifier)


def key_bytes(file: Path | None) -> bytes:
    """Read a key file, or say which one cannot be read."""
    if file is None:
        raise SettingsRefused("a key file is needed and none is named")
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsRefused(f"a key file cannot be read: {error}") from error
