"""
The gateway's two Alipay channels, pointed at a simulator on loopback.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from reference_gateway.channels.alipay import AlipayChannel, AlipayMerchant, AlipayV3Channel
from reference_gateway.channels.alipay.certificates import certificates
from reference_gateway.channels.alipay.content import ContentCipher, content_key
from reference_gateway.channels.alipay.signing import load_private_key, load_public_key
from reference_gateway.channels.port import PayRequest
from reference_gateway.clock import SystemClock
from tests.loopback.sandbox import Sandbox

CHANNELS: dict[str, type[Any]] = {"alipay": AlipayChannel, "alipay_v3": AlipayV3Channel}
MODES = ("keys", "certificates", "encrypted")
PAYOUT_MODES = ("certificates", "both")


def merchant(box: Sandbox, credentials_dir: Path, mode: str) -> AlipayMerchant:
    """
    The merchant that the credentials folder describes, in one of these modes.
    """
    folder = credentials_dir / "alipay"
    held = None
    if mode in PAYOUT_MODES:
        app, alipay, root = (
            (folder / name).read_bytes()
            for name in ("appCertPublicKey.crt", "alipayCertPublicKey_RSA2.crt", "alipayRootCert.crt")
        )
        held = certificates(app, root, [alipay])
    return AlipayMerchant(
        gateway_url=f"{box.simulator.alipay_url}/gateway.do",
        app_id=(folder / "app_id").read_text().strip(),
        seller_id=(folder / "seller_id").read_text().strip(),
        private_key=load_private_key((folder / "app_private_key.pkcs8.pem").read_bytes()),
        alipay_public_key=None
        if mode == "certificates"
        else load_public_key((folder / "alipay_public_key.pem").read_bytes()),
        certificates=held,
        cipher=ContentCipher(content_key((folder / "aes_key").read_text().strip())) if mode == "encrypted" else None,
        v3_url=box.simulator.alipay_url,
    )


@asynccontextmanager
async def gateway_channel(
    box: Sandbox, credentials_dir: Path, *, name: str = "alipay", mode: str = "keys", timeout_s: float = 3.0
) -> AsyncIterator[Any]:
    """
    A started channel; `ask(…)` on it makes the rest of what opening needs.
    """
    own = CHANNELS[name](merchant(box, credentials_dir, mode), clock=SystemClock(), timeout_s=timeout_s)
    await own.start()
    try:
        yield own
    finally:
        await own.stop()


def ask(box: Sandbox, **changes: Any) -> PayRequest:
    """
    What opening needs beside the payment.
    """
    values: dict[str, Any] = {"notify_url": box.receiver.url, "ttl_s": 900, "return_url": "http://127.0.0.1:9/back"}
    return PayRequest(**{**values, **changes})
