"""
What a payment leaves behind in the simulator, by who keeps it: opened, paid by its buyer and told to a merchant who
acknowledges, over one channel after another; traced in this process.
"""

import asyncio
import gc
import os
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mock_providers.app import Simulator, build
from mock_providers.settings import ProvidersSettings
from tools.bench import alipay, unionpay, wechatpay
from tools.bench.replay import replay

WARM, PAYMENTS = 600, 900
# So little that the exchanges, notifies and decisions of a few payments ago are forgotten.
FORGETFUL: Mapping[str, Any] = {"journal_kept": 10, "notifies_kept": 10, "decisions_kept": 10}
# And so are all but the latest orders put on disk.
SHELVED: Mapping[str, Any] = {**FORGETFUL, "trades_kept": 10}
PATIENCE_S = 60.0
_ACKS = {b"/alipay": b"success", b"/wechatpay": b'{"code":"SUCCESS"}', b"/unionpay": b"ok"}
_XML_ACK = b"<xml><return_code><![CDATA[SUCCESS]]></return_code></xml>"

Judge = Callable[[bytes], str]


class Merchant:
    """Takes notifies as fast as they come, and acknowledges all of them."""

    def __init__(self) -> None:
        self.taken = 0
        self._awaited: tuple[int, asyncio.Future[None]] | None = None
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Visitor(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    def took(self) -> None:
        self.taken += 1
        if self._awaited is not None and self.taken >= self._awaited[0]:
            self._awaited[1].set_result(None)
            self._awaited = None

    async def until(self, count: int) -> None:
        """
        Wait until so many notifies have come.
        """
        if self.taken < count:
            self._awaited = count, asyncio.get_running_loop().create_future()
            async with asyncio.timeout(PATIENCE_S):
                await self._awaited[1]


class _Visitor(asyncio.Protocol):
    """One connection of the simulator's to the merchant."""

    def __init__(self, merchant: Merchant) -> None:
        self._merchant, self._got = merchant, b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]):
            self._got = b""
            ack = _XML_ACK if body.startswith(b"<xml") else _ACKS[head.split(b" ", 2)[1]]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(ack), ack))
            self._merchant.took()


@dataclass(frozen=True, slots=True)
class Shop:
    """
    A simulator in this process, and the merchant whom it tells.

    Args:
        orders: by channel: which of the simulator's addresses, who writes the request of a number, who judges answers.
    """

    simulator: Simulator
    merchant: Merchant
    orders: Mapping[str, tuple[str, Callable[[int], bytes], Judge]]

    async def sell(self, channel: str, numbers: range) -> None:
        """
        Have these orders opened, paid, told and acknowledged.
        """
        provider, write, judge = self.orders[channel]
        wanted = self.merchant.taken + len(numbers)
        url = self.simulator.urls[provider]
        done = await replay(url, [write(number) for number in numbers], judge=judge, pid=os.getpid())
        if set(done.answers) != {"ok"}:
            raise SystemExit(f"bench: orders were not opened: {dict(done.answers)}")
        await self.merchant.until(wanted)
        await self.simulator.schedule.quiet()


@asynccontextmanager
async def open_shop(credentials: Path, **settings: Any) -> AsyncIterator[Shop]:
    """
    A shop until the block ends; its buyers pay at once.
    """
    merchant = Merchant()
    await merchant.start()
    chosen = ProvidersSettings(
        credentials_dir=credentials, **{"buyers_pay_after_s": 0.0, "notify_keep_alive_s": 5.0, **settings}
    )
    simulator = build(chosen)
    await simulator.start()
    try:
        yield Shop(simulator, merchant, _orders(credentials, merchant.url))
    finally:
        await simulator.stop()
        merchant.stop()


def _orders(credentials: Path, url: str) -> Mapping[str, tuple[str, Callable[[int], bytes], Judge]]:
    wechat = wechatpay.Requests(credentials, notify_url=f"{url}/wechatpay")
    union = unionpay.Requests(credentials, back_url=f"{url}/unionpay")
    return {
        "alipay": ("alipay", alipay.Requests(credentials, notify_url=f"{url}/alipay").precreate, alipay.judge),
        "wechatpay_v3": ("wechatpay", wechat.native, wechatpay.judge_native),
        "wechatpay_v2": ("wechatpay", wechat.unified, wechatpay.judge_unified),
        "unionpay_rsa": ("unionpay", union.rsa(), unionpay.judge),
        "unionpay_keyed": ("unionpay", union.keyed(), unionpay.judge),
    }


async def left_by(shop: Shop, channel: str, *, warm: int, payments: int) -> int:
    """
    Bytes that a payment leaves behind, what only a collector of circles would find included.
    """
    tracemalloc.start()
    gc.disable()
    try:
        await shop.sell(channel, range(warm))
        before = tracemalloc.get_traced_memory()[0]
        await shop.sell(channel, range(warm, warm + payments))
        return round((tracemalloc.get_traced_memory()[0] - before) / payments)
    finally:
        gc.enable()
        tracemalloc.stop()
        gc.collect()


async def _by_owner(credentials: Path, channel: str) -> dict[str, int]:
    kept: Mapping[str, Mapping[str, Any]] = {
        "shelf": SHELVED,
        "book": FORGETFUL,
        "journal": {**FORGETFUL, "journal_kept": 20_000},
        "notifies": {**FORGETFUL, "notifies_kept": 20_000},
    }
    left: dict[str, int] = {}
    for owner, settings in kept.items():
        async with open_shop(credentials, **settings) as shop:
            left[owner] = await left_by(shop, channel, warm=WARM, payments=PAYMENTS)
    return {owner: size - (left["book"] if owner in {"journal", "notifies"} else 0) for owner, size in left.items()}


async def _all() -> dict[str, dict[str, int]]:
    with tempfile.TemporaryDirectory(prefix="payproof-bench-") as folder:
        async with open_shop(Path(folder)) as shop:
            channels = list(shop.orders)
        return {channel: await _by_owner(Path(folder), channel) for channel in channels}


def growth(_: int) -> dict[str, Any]:
    """
    Bytes of a payment: for ever once it is put on the shelf, in the book until then, in the journal and among the
    notifies for as long as these remember it.
    """
    return {"payments": PAYMENTS, "bytes": asyncio.run(_all())}


CASES: Mapping[str, Callable[[int], dict[str, Any]]] = {"growth": growth}
