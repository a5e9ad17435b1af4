"""
Builds Alipay's channels from settings: `alipay` where the gateway's address is told, `alipay_v3` where v3's is too.

Facts: alipay/cert-mode, alipay/aes
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from reference_gateway.channels.alipay.certificates import Certificates, certificates
from reference_gateway.channels.alipay.channel import AlipayChannel, AlipayV3Channel
from reference_gateway.channels.alipay.content import ContentCipher, content_key
from reference_gateway.channels.alipay.merchant import AlipayMerchant
from reference_gateway.channels.alipay.signing import NotifyVerifier, load_private_key, load_public_key
from reference_gateway.clock import Clock
from reference_gateway.errors import SettingsRefused
from reference_gateway.settings import GatewaySettings

ReadFile = Callable[[Path | None], bytes]


def alipay_channel(
    settings: GatewaySettings, clock: Clock, *, read: ReadFile, notify_verifier: NotifyVerifier | None
) -> AlipayChannel | None:
    """Build the channel over the v2 gateway."""
    if not settings.alipay_gateway_url:
        return None
    merchant = _merchant(settings, read)
    return AlipayChannel(merchant, clock=clock, timeout_s=settings.channel_timeout_s, notify_verifier=notify_verifier)


def alipay_v3_channel(
    settings: GatewaySettings, clock: Clock, *, read: ReadFile, notify_verifier: NotifyVerifier | None
) -> AlipayV3Channel | None:
    """Build the channel over OpenAPI v3."""
    if not settings.alipay_v3_url:
        return None
    merchant = _merchant(settings, read)
    return AlipayV3Channel(merchant, clock=clock, timeout_s=settings.channel_timeout_s, notify_verifier=notify_verifier)


def _merchant(settings: GatewaySettings, read: ReadFile) -> AlipayMerchant:
    held = _certificates(settings, read)
    if held is None and settings.alipay_public_key_file is None:
        raise SettingsRefused(
            "alipay needs GATEWAY_ALIPAY_PUBLIC_KEY_FILE, or in certificate mode GATEWAY_ALIPAY_APP_CERT_FILE, "
            "GATEWAY_ALIPAY_ROOT_CERT_FILE and GATEWAY_ALIPAY_CERT_FILES"
        )
    key_file = settings.alipay_public_key_file
    aes_key = settings.alipay_aes_key.get_secret_value()
    return AlipayMerchant(
        gateway_url=settings.alipay_gateway_url,
        app_id=settings.alipay_app_id,
        seller_id=settings.alipay_seller_id,
        private_key=load_private_key(read(settings.alipay_app_private_key_file)),
        alipay_public_key=None if key_file is None else load_public_key(read(key_file)),
        certificates=held,
        cipher=ContentCipher(content_key(aes_key)) if aes_key else None,
        v3_url=settings.alipay_v3_url.rstrip("/"),
    )


def _certificates(settings: GatewaySettings, read: ReadFile) -> Certificates | None:
    app, root, alipay = settings.alipay_app_cert_file, settings.alipay_root_cert_file, settings.alipay_cert_files
    if app is None and root is None and not alipay:
        return None
    if app is None or root is None or not alipay:
        raise SettingsRefused(
            "certificate mode needs all of GATEWAY_ALIPAY_APP_CERT_FILE, GATEWAY_ALIPAY_ROOT_CERT_FILE and "
            "GATEWAY_ALIPAY_CERT_FILES"
        )
    return _read_once(read(app), read(root), tuple(read(file) for file in alipay))


@functools.lru_cache(maxsize=8)
def _read_once(app: bytes, root: bytes, alipay: tuple[bytes, ...]) -> Certificates:
    """Parse each set of files once a process, as worlds start many gateways."""
    return certificates(app, root, alipay)
