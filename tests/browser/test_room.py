"""
The room's page in a real browser, over the running simulator: watch, tip, see the code, pay at the cashier, see it turn
paid; on a phone, with scripts and without.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from harness.world.gateway_values import gateway_values
from reference_gateway.app import Gateway, build
from reference_gateway.clock import SystemClock
from reference_gateway.settings import GatewaySettings
from tests.browser.chromium import DESKTOP, PHONE, Chromium
from tests.loopback.sandbox import Sandbox
from tests.unit.reference_gateway.support import APP, Merchant

pytestmark = pytest.mark.asyncio

PAID = 'document.getElementById("payment").dataset.status === "PAID"'


@dataclass
class Room:
    """A gateway with a room, and the link that opens its page for b1."""

    gateway: Gateway
    merchant: Merchant
    box: Sandbox
    link: str

    async def pay(self, chromium: Chromium) -> None:
        """Pay the newest order at the simulator's cashier."""
        payment = (await self.merchant.exported())[-1]
        trade = await self.box.control("GET", f"/trades/alipay/{payment['out_trade_no']}")
        async with chromium.page() as cashier:
            await cashier.open(self.box.simulator.alipay_url + trade["cashier_path"])
            await cashier.press("button[name=action][value=pay]")


@asynccontextmanager
async def room(box: Sandbox, credentials: Path, title: str = "Night talk") -> AsyncIterator[Room]:
    told: Any = gateway_values(credentials, {"alipay": box.simulator.alipay_url})
    settings = GatewaySettings(database_url="memory:", apps_file=Path("none"), alipay_v3_url="", **{
        name: value for name, value in told.items() if name != "alipay_v3_url"
    })  # fmt: skip
    gateway = build(settings, apps={APP.app_id: APP})
    await gateway.start()
    try:
        async with aiohttp.ClientSession() as http:
            merchant = Merchant(http, gateway.url, SystemClock())  # type: ignore[arg-type]
            body = {"id": "r1", "streamer_id": "Luna", "title": title, "fee_basis_points": 3000}
            await merchant.call("POST", "/api/v1/rooms", body)
            _, made = await merchant.call("POST", "/api/v1/rooms/r1/page-tokens", {"buyer_id": "b1"})
            yield Room(gateway, merchant, box, made["url"])
    finally:
        await gateway.stop()


async def test_a_tip_is_seen_turning_paid_and_others_see_it_in_the_room(chromium, box, credentials_dir):
    async with room(box, credentials_dir) as made, chromium.page() as page, chromium.page(size=DESKTOP) as other:
        await other.open(made.link)
        await page.open(made.link)
        await page.press("button[type=submit]")
        assert "Waiting for payment" in await page.text()
        await page.find("svg.qr")
        await made.pay(chromium)
        await page.until(PAID)
        assert "Paid ✓" in await page.text()
        await other.until('document.getElementById("tips").innerText.includes("¥1.00")')
        assert page.complaints == other.complaints == []


async def test_without_scripts_the_page_asks_again_by_itself(chromium, box, credentials_dir):
    async with room(box, credentials_dir) as made, chromium.page(scripts=False) as page:
        await page.open(made.link)
        await page.press("input[value='9.90']", leads_on=False)
        await page.press("button[type=submit]")
        await page.find("svg.qr")
        await made.pay(chromium)
        before = page._loads
        await page.loaded(before)
        assert "Paid ✓" in await page.text()
        await page.press("a.button")
        assert "¥9.90" in await page.text()


@pytest.mark.parametrize("size", [PHONE, (320, 568), DESKTOP])
async def test_nothing_is_wider_than_the_screen_and_everything_can_be_pressed(chromium, box, credentials_dir, size):
    async with (
        room(box, credentials_dir, "夜聊 🎤 " + "很长的标题" * 12) as made,
        chromium.page(size=size, language="zh-CN") as page,
    ):
        await page.open(made.link)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        lows = "[...document.querySelectorAll('label, button')].map(e => e.getBoundingClientRect().height)"
        assert min(await page.evaluate(lows)) >= 44
        assert "打赏" in await page.text()
