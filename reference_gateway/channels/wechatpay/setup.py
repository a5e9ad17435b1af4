"""
Builds WeChat Pay's channels from settings: `wechatpay_v3` and `wechatpay_v2`, each where its address is told.

Facts: wechatpay/key-material, wechatpay/public-key-mode, wechatpay/v2-client-certificate
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

from reference_gateway.channels.wechatpay.keys import (
    load_certificates,
    load_private_key,
    load_public_key,
    serial_of,
    shared_key,
)
from reference_gateway.channels.wechatpay.merchant import V2Merchant, V3Merchant
from reference_gateway.channels.wechatpay.platform_keys import PlatformKey, key_of_certificate
from reference_gateway.channels.wechatpay.v2 import WechatV2Channel
from reference_gateway.channels.wechatpay.v3 import WechatV3Channel
from reference_gateway.clock import Clock
from reference_gateway.errors import SettingsRefused
from reference_gateway.settings import GatewaySettings

ReadFile = Callable[[Path | None], bytes]


def wechat_v3_channel(settings: GatewaySettings, clock: Clock, *, read: ReadFile) -> WechatV3Channel | None:
    """Build the channel over API v3."""
    if not settings.wechatpay_v3_url:
        return None
    authorities = _certificates(settings.wechatpay_platform_ca_file, read)
    files = (read(file) for file in settings.wechatpay_platform_cert_files)
    return WechatV3Channel(
        _v3_merchant(settings, read),
        clock=clock,
        timeout_s=settings.channel_timeout_s,
        known=[key for pem in files for key in _platform_keys(pem)],
        authorities=authorities,
    )


def wechat_v2_channel(settings: GatewaySettings, clock: Clock, *, read: ReadFile) -> WechatV2Channel | None:
    """Build the channel over the XML API."""
    if not settings.wechatpay_v2_url:
        return None
    merchant = V2Merchant(
        hosts=(settings.wechatpay_v2_url, settings.wechatpay_backup_url),
        appid=settings.wechatpay_appid,
        mch_id=settings.wechatpay_mchid,
        apiv2_key=shared_key(read(settings.wechatpay_apiv2_key_file), name="APIv2 key"),
        sign_type=settings.wechatpay_sign_type,
        payout_way=settings.wechatpay_payout_way,
        refund_notify_url=_refund_notify_url(settings, WechatV2Channel.name),
        tls=_tls(settings, settings.wechatpay_v2_url, shows_certificate=True),
    )
    return WechatV2Channel(merchant, clock=clock, timeout_s=settings.channel_timeout_s)


def _v3_merchant(settings: GatewaySettings, read: ReadFile) -> V3Merchant:
    if bool(settings.wechatpay_public_key_id) != (settings.wechatpay_public_key_file is not None):
        raise SettingsRefused(
            "GATEWAY_WECHATPAY_PUBLIC_KEY_ID and GATEWAY_WECHATPAY_PUBLIC_KEY_FILE come together; give both or neither"
        )
    key_file, v2_file = settings.wechatpay_public_key_file, settings.wechatpay_apiv2_key_file
    answers_by = settings.wechatpay_answers_by
    if answers_by == "auto":
        answers_by = "certificate" if key_file is None else "public_key"
    if answers_by == "public_key" and key_file is None:
        raise SettingsRefused("GATEWAY_WECHATPAY_ANSWERS_BY is public_key, so the public key and its id are needed")
    return V3Merchant(
        hosts=(settings.wechatpay_v3_url, settings.wechatpay_backup_url),
        appid=settings.wechatpay_appid,
        mchid=settings.wechatpay_mchid,
        serial_no=_own_serial(read(settings.wechatpay_cert_file)),
        private_key=load_private_key(read(settings.wechatpay_key_file)),
        apiv3_key=shared_key(read(settings.wechatpay_apiv3_key_file), name="APIv3 key"),
        public_key_id=settings.wechatpay_public_key_id,
        public_key=None if key_file is None else load_public_key(read(key_file)),
        answers_by=answers_by,
        apiv2_key=b"" if v2_file is None else shared_key(read(v2_file), name="APIv2 key"),
        refund_notify_url=_refund_notify_url(settings, WechatV3Channel.name),
        transfer_scene_id=settings.wechatpay_transfer_scene_id,
        tls=_tls(settings, settings.wechatpay_v3_url, shows_certificate=False),
    )


def _refund_notify_url(settings: GatewaySettings, name: str) -> str:
    return f"{settings.public_url.rstrip('/')}/notify/{name}" if settings.public_url else ""


def _tls(settings: GatewaySettings, url: str, *, shows_certificate: bool) -> ssl.SSLContext | None:
    """
    Make the context for https; over plain HTTP there is no client certificate to show.

    Facts: wechatpay/v2-client-certificate
    """
    if not url.startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.wechatpay_tls_ca_file)
        if shows_certificate and settings.wechatpay_cert_file and settings.wechatpay_key_file:
            context.load_cert_chain(settings.wechatpay_cert_file, settings.wechatpay_key_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsRefused(f"WeChat Pay's TLS files cannot be used: {error}") from error
    return context


def _certificates(file: Path | None, read: ReadFile) -> tuple[x509.Certificate, ...]:
    return () if file is None else load_certificates(read(file))


# Worlds start many gateways in one process, so each file is parsed once.
@functools.lru_cache(maxsize=8)
def _own_serial(pem: bytes) -> str:
    return serial_of(load_certificates(pem)[0])


@functools.lru_cache(maxsize=8)
def _platform_keys(pem: bytes) -> tuple[PlatformKey, ...]:
    return tuple(key_of_certificate(certificate) for certificate in load_certificates(pem))
