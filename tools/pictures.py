#!/usr/bin/env python3
"""
Makes docs/pictures: a sandbox is played in, and headless Chromium photographs its pages.

Run it from anywhere: .venv/bin/python tools/pictures.py
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from mock_providers.registry import make_credentials  # noqa: E402
from tests.browser.chromium import DESKTOP, PHONE, Chromium  # noqa: E402
from tests.loopback.sandbox import Sandbox, sandbox  # noqa: E402

PICTURES = REPO / "docs" / "pictures"
GIFTS = ("a rose", "ten hearts", "红包 · 新年快乐", "a rocket", "season pass", "sticker pack")
WIDE = (1180, 730)
STAR = "pp000077-4c1f09aa"


async def play(box: Sandbox) -> str:
    """
    A small evening on a live-streaming platform, some of it under bad weather.

    Returns:
        The path of the cashier of an order that nobody has paid.
    """
    answers = iter(range(10_000))
    box.receiver.answer = lambda _: (503, b"busy") if next(answers) % 5 == 4 else (200, b"success")
    await box.rule("duplicate", {"order": "*", "chance": 0.4}, copies=1)
    await box.rule("forged_signature", {"order": "*", "chance": 0.2})
    await box.rule("drop", {"order": "pp00000*", "chance": 0.3, "first": 1})
    for number in range(1, 19):
        order = f"pp{number:06d}-7e24d8b4"
        await box.precreate(order, label=f"pp{number:06d} · {GIFTS[number % 6]}", total=f"{number * 3.37:.2f}")
        if number % 5:
            await box.control("POST", f"/trades/alipay/{order}/buyer", {"action": "pay"})
        await box.advance(23)
    await box.precreate("pp000078-a1b2c3d4", label="pp000078 · a rose, sent with love", total="9.90")
    await star(box)
    return str((await box.control("GET", "/trades/alipay/pp000078-a1b2c3d4"))["cashier_path"])


async def star(box: Sandbox) -> None:
    """
    One order with a story worth a picture.
    """
    await box.control("PUT", "/faults", {"profile": "flaky", "rules": []})
    await box.rule("forged_signature", {"order": "pp000077*"})
    await box.control(
        "POST",
        "/faults/rules",
        {"id": "lost", "fault": "drop", "where": {"order": "pp000077*", "nth": 1, "on": "notify"}},
    )
    await box.precreate(STAR, label="pp000077 · a rose, sent with love", total="9.90")
    path = (await box.control("GET", f"/trades/alipay/{STAR}"))["cashier_path"]
    await box.advance(4)
    async with box.session.get(box.simulator.alipay_url + path) as answer:
        key = re.search(r'name="key" value="(\w+)"', await answer.text())
    assert key is not None
    await box.advance(9)
    async with box.session.post(box.simulator.alipay_url + path, data={"key": key[1], "action": "pay"}) as answer:
        assert answer.status == 200
    params = box.merchant.signed("alipay.trade.query", {"out_trade_no": STAR})
    # The classic: sign_type is sent, and was left out of what was signed.
    params["sign"] = box.merchant.signed("alipay.trade.query", {"out_trade_no": STAR}, sign_type=None)["sign"]
    await box.advance(20)
    async with box.session.post(box.simulator.alipay_url + "/gateway.do", data=params) as answer:
        assert "invalid-signature" in await answer.text()
    await box.advance(250)


async def photograph(box: Sandbox, browser: Chromium, cashier: str) -> None:
    """
    Four pictures.
    """
    desk = box.simulator.control_url
    shots = {
        "cashier-phone": (box.simulator.alipay_url + cashier, PHONE, "en"),
        "cashier-desktop": (box.simulator.alipay_url + cashier, DESKTOP, "zh"),
        "orders": (desk + "/", WIDE, "en"),
        "order": (f"{desk}/orders/alipay/{STAR}", WIDE, "en"),
    }
    for name, (url, size, language) in shots.items():
        async with browser.page(size=size, language=language) as page:
            await page.open(url)
            if name == "order":
                (wrong,) = (await box.control("GET", "/journal?direction=in&signature=refused"))["items"]
                await page.press(f"a.line[href='#x{wrong['seq']}']", leads_on=False)
                await page.until("document.querySelector('.exchange:target')")
                await page.send("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
            (PICTURES / f"{name}.png").write_bytes(await page.photograph())


async def main() -> None:
    """
    Play, then photograph.
    """
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        make_credentials(Path(folder))
        async with sandbox(Path(folder)) as box:
            cashier = await play(box)
            with Chromium() as browser:
                await photograph(box, browser, cashier)


if __name__ == "__main__":
    asyncio.run(main())
