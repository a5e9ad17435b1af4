"""
The gateway's three UnionPay channels, pointed at a simulator on loopback.
"""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from harness.world.gateway_values import gateway_values
from reference_gateway.channels.port import PayRequest
from reference_gateway.channels.registry import channels_for
from reference_gateway.clock import SystemClock
from reference_gateway.settings import GatewaySettings
from tests.contract.samples import payment
from tests.loopback.sandbox import Sandbox

CHANNELS = ("unionpay_rsa", "unionpay_keyed", "unionpay_sm2")
CERTIFIED = ("unionpay_rsa", "unionpay_sm2")


@asynccontextmanager
async def gateway_channel(box: Sandbox, credentials_dir: Path, *, name: str, **changes: Any) -> AsyncIterator[Any]:
    """
    A started channel, told what worlds tell the bundled gateway of UnionPay.
    """
    values: dict[str, Any] = dict(gateway_values(credentials_dir, {"unionpay": box.simulator.urls["unionpay"]}))
    values |= {"database_url": "memory:", "apps_file": Path("unused"), "channel_timeout_s": 3.0, **changes}
    own = channels_for(GatewaySettings(**values), clock=SystemClock())[name]
    await own.start()
    try:
        yield own
    finally:
        await own.stop()


def order(product: str = "qr", *, number: str = "GU00000001", **changes: Any) -> Any:
    """
    A payment made this second, whose buyer has a quarter of an hour.
    """
    now = SystemClock().now().replace(microsecond=0)
    times = {"created_at": now, "expires_at": now + timedelta(minutes=15)}
    return payment(product=product, out_trade_no=number, subject="打赏 pp000001", **{**times, **changes})


def ask(box: Sandbox, **changes: Any) -> PayRequest:
    """
    What opening needs beside the payment.
    """
    values: dict[str, Any] = {"notify_url": box.receiver.url, "ttl_s": 900, "return_url": "http://127.0.0.1:9/back"}
    return PayRequest(**{**values, **changes})


async def brought_to_the_cashier(box: Sandbox, page: str) -> str:
    """
    Post the form that a page holds, as its button does, and say where the browser is sent.
    """
    action = re.search(r'<form [^>]*action="([^"]+)"', page)
    assert action is not None
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    fields = {html.unescape(name): html.unescape(value) for name, value in inputs}
    async with box.session.post(html.unescape(action[1]), data=fields, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]


async def paid(box: Sandbox, number: str = "GU00000001", *, action: str = "pay") -> None:
    await box.control("POST", f"/trades/unionpay/{number}/buyer", {"action": action})
