"""
Builds UnionPay's channels from settings: one for each way to sign whose key is told.

Facts: unionpay/sign-methods, unionpay/key-files
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from reference_gateway.channels.unionpay.certificates import Chain, signed_by_rsa, signed_by_sm2
from reference_gateway.channels.unionpay.channel import UnionPayChannel
from reference_gateway.channels.unionpay.keys import read_certificate, read_pfx, read_sm2_file
from reference_gateway.channels.unionpay.merchant import UnionPayMerchant
from reference_gateway.channels.unionpay.sensitive import EncryptionKeys, rsa_recipient, sm2_recipient
from reference_gateway.channels.unionpay.signing import KeyedSigning, RsaSigning, Signing, Sm2Signing
from reference_gateway.clock import Clock
from reference_gateway.settings import GatewaySettings

ReadFile = Callable[[Path | None], bytes]


def unionpay_rsa_channel(settings: GatewaySettings, clock: Clock, *, read: ReadFile) -> UnionPayChannel | None:
    """Build the channel that signs with the merchant's `.pfx`."""
    if settings.unionpay_pfx_file is None:
        return None
    identity = read_pfx(read(settings.unionpay_pfx_file), settings.unionpay_pfx_password.get_secret_value())
    chain = _rsa_chain(read(settings.unionpay_root_cert_file), read(settings.unionpay_middle_cert_file))
    first = settings.unionpay_enc_cert_file
    encryption = EncryptionKeys(
        chain, rsa_recipient, clock=clock, first=None if first is None else read_certificate(read(first))
    )
    return _channel("unionpay_rsa", settings, clock, RsaSigning(identity, chain), encryption)


def unionpay_keyed_channel(settings: GatewaySettings, clock: Clock, *, read: ReadFile) -> UnionPayChannel | None:
    """Build the channel that signs with the secure key; it may encrypt nothing."""
    del read
    secure_key = settings.unionpay_secure_key.get_secret_value()
    if not secure_key:
        return None
    signing = KeyedSigning(secure_key, method="12" if settings.unionpay_keyed_digest == "sm3" else "11")
    return _channel("unionpay_keyed", settings, clock, signing, None)


def unionpay_sm2_channel(settings: GatewaySettings, clock: Clock, *, read: ReadFile) -> UnionPayChannel | None:
    """Build the channel that signs with the merchant's `.sm2`."""
    if settings.unionpay_sm2_file is None:
        return None
    identity = read_sm2_file(read(settings.unionpay_sm2_file), settings.unionpay_sm2_password.get_secret_value())
    chain = _sm2_chain(read(settings.unionpay_sm2_root_cert_file), read(settings.unionpay_sm2_middle_cert_file))
    first = settings.unionpay_sm2_enc_cert_file
    encryption = EncryptionKeys(
        chain, sm2_recipient, clock=clock, first=None if first is None else read_certificate(read(first))
    )
    return _channel("unionpay_sm2", settings, clock, Sm2Signing(identity, chain), encryption)


def _channel(
    name: str, settings: GatewaySettings, clock: Clock, signing: Signing, encryption: EncryptionKeys | None
) -> UnionPayChannel:
    public_url = settings.public_url.rstrip("/")
    merchant = UnionPayMerchant(
        url=settings.unionpay_url.rstrip("/"),
        file_url=settings.unionpay_file_url,
        mer_id=settings.unionpay_mer_id,
        signing=signing,
        front_url=settings.unionpay_front_url,
    )
    return UnionPayChannel(
        name,
        merchant,
        clock=clock,
        timeout_s=settings.channel_timeout_s,
        encryption=encryption,
        back_url=f"{public_url}/notify/{name}" if public_url else "",
    )


@functools.lru_cache(maxsize=8)
def _rsa_chain(root: bytes, middle: bytes) -> Chain:
    """Check each pair once a process, and share what is found out about leaves: worlds start many gateways."""
    return Chain(root=read_certificate(root), middle=read_certificate(middle), is_signed_by=signed_by_rsa)


@functools.lru_cache(maxsize=8)
def _sm2_chain(root: bytes, middle: bytes) -> Chain:
    return Chain(root=read_certificate(root), middle=read_certificate(middle), is_signed_by=signed_by_sm2)
