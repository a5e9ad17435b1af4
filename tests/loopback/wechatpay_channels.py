"""
The gateway's two WeChat Pay channels, pointed at a simulator on loopback.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.world.gateway_values import gateway_values
from reference_gateway.channels.port import PayRequest
from reference_gateway.channels.registry import channels_for
from reference_gateway.clock import Clock, SystemClock
from reference_gateway.settings import GatewaySettings
from tests.contract.samples import payment
from tests.loopback.sandbox import Sandbox

V3, V2 = "wechatpay_v3", "wechatpay_v2"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def channel_settings(box: Sandbox, credentials_dir: Path, **changes: Any) -> GatewaySettings:
    """
    What worlds tell the bundled gateway of WeChat Pay, and of nobody else.
    """
    values: dict[str, Any] = dict(gateway_values(credentials_dir, {"wechatpay": box.simulator.urls["wechatpay"]}))
    values |= {"database_url": "memory:", "apps_file": Path("unused"), "channel_timeout_s": 3.0, "lease_s": 60.0}
    return GatewaySettings(**{**values, **changes})


@asynccontextmanager
async def gateway_channel(
    box: Sandbox, credentials_dir: Path, *, name: str, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Any]:
    """
    A started channel.
    """
    own = channels_for(channel_settings(box, credentials_dir, **changes), clock=clock or SystemClock())[name]
    await own.start()
    try:
        yield own
    finally:
        await own.stop()


def order(product: str = "qr", *, number: str = "GW00000001", **changes: Any) -> Any:
    """
    A payment whose buyer has a quarter of an hour.
    """
    expires_at = (SystemClock().now() + timedelta(minutes=15)).replace(microsecond=0)
    return payment(
        product=product, out_trade_no=number, subject="打赏 pp000001", **{"expires_at": expires_at, **changes}
    )


def ask(box: Sandbox, **changes: Any) -> PayRequest:
    """
    What opening needs beside the payment.
    """
    values: dict[str, Any] = {"notify_url": box.receiver.url, "ttl_s": 900}
    return PayRequest(**{**values, **changes})
