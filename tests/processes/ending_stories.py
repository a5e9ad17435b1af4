"""
Stories for the crash table whose money moves at the channel alone: a freeze that is captured, a payment that is reversed.
"""

import asyncio
from contextlib import suppress
from typing import Any

from harness.errors import ControlError
from tests.processes.crash_world import PATIENCE_S, CrashWorld

HOLD_FEN, CAPTURED_FEN = 1000, 613
TILL_FEN = 517
# Its buyer always has to type, so the trade waits.
TYPED_CODE = "28990000"
FOLLOW_UP_S = 3600


async def capture_story(world: CrashWorld, name: str) -> None:
    """Freeze at UnionPay, and take a part of it."""
    hold = {"channel": "unionpay_rsa", "product": "app", "hold": True}
    payment = await world._opened(world.world.ids.order_no(name), HOLD_FEN, hold)
    with suppress(ControlError):  # frozen in the life before this one
        await world.world.control.buyer("unionpay", payment["out_trade_no"])
    path = f"/api/v1/payments/{payment['id']}"
    await _until_ended(
        world, path, lambda: world.merchant.call("POST", f"{path}/capture", {"amount_fen": CAPTURED_FEN})
    )


async def reversal_story(world: CrashWorld, name: str) -> None:
    """The buyer types the password and the shop thinks better of it, before the gateway has heard."""
    number = world.world.ids.order_no(name)
    rule = {"id": f"late-{name}", "fault": "after_close", "where": {"on": "notify", "order": f"*{name}*"}}
    with suppress(ControlError):  # laid in the life before this one
        await world.world.control.add_rule({**rule, "with": {"hold_s": FOLLOW_UP_S}})
    code = TYPED_CODE + name.removeprefix("pp").rjust(10, "0")
    status, payment = await world.merchant.pay(number, TILL_FEN, product="barcode", auth_code=code)
    assert status in (200, 201, 202), payment
    if payment["status"] == "PENDING":
        with suppress(ControlError):  # paid, and perhaps reversed, in the life before this one
            await world.world.control.buyer("alipay", payment["out_trade_no"])
    path = f"/api/v1/payments/{payment['id']}"
    await _until_ended(world, path, lambda: world.merchant.call("POST", f"{path}/close", {}))


async def _until_ended(world: CrashWorld, path: str, act: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await world.call("GET", path))["status"] == "PENDING":
            await act()
            await world.moment()
