"""
A headless Chromium, driven over the DevTools protocol: pages are opened, pressed with a real mouse, read, photographed.

One process for the whole run, one fresh profile for each page. It talks to loopback only: everything else goes to a
proxy that is not there, or to the one that a test names.
"""

import asyncio
import base64
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Self

import aiohttp

BINARY = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ABSENT = "no chromium on PATH (Debian: apt-get install chromium)"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-port=0",
)  # fmt: skip
NOWHERE = "http://127.0.0.1:1"
PHONE, DESKTOP = (390, 844), (1280, 800)


class Chromium:
    """The process; `with` ends it."""

    def __init__(self, *, proxy: str = NOWHERE, more: tuple[str, ...] = ()) -> None:
        assert BINARY is not None, ABSENT
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = f"--user-data-dir={self._profile.name}"
        command = [BINARY, *FLAGS, folder, f"--proxy-server={proxy}", *more, "about:blank"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.url = self._listening()

    def _listening(self) -> str:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if line.startswith("DevTools listening on "):
                return line.split()[-1]
        raise AssertionError("chromium ended before it listened")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        assert self._process.stderr is not None
        self._process.stderr.read()
        self._process.wait(timeout=20)
        self._process.stderr.close()
        self._profile.cleanup()

    @asynccontextmanager
    async def page(
        self, *, scripts: bool = True, size: tuple[int, int] = PHONE, language: str = "en"
    ) -> AsyncIterator["Page"]:
        """
        A page of its own, with no past.
        """
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.ws_connect(self.url, max_msg_size=0) as ws,
        ):
            page = Page(ws)
            reading = asyncio.create_task(page.read())
            try:
                await page.begin(scripts=scripts, size=size, language=language)
                yield page
                await page.end()
            finally:
                reading.cancel()


class Page:
    """One tab."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Condition()
        self._loads = 0
        self._context = ""
        self._session = ""
        self.complaints: list[str] = []

    async def read(self) -> None:
        async for message in self._ws:
            told = message.json()
            if "id" in told:
                self._waiting.pop(told["id"]).set_result(told)
            elif told["method"] == "Page.loadEventFired":
                async with self._loaded:
                    self._loads += 1
                    self._loaded.notify_all()
            elif told["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.complaints.append(str(told["params"]))

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        session = {"sessionId": self._session} if self._session else {}
        await self._ws.send_json({"id": number, "method": method, "params": params, **session})
        async with asyncio.timeout(30):
            told = await answer
        assert "error" not in told, (method, told["error"])
        return dict(told["result"])

    async def begin(self, *, scripts: bool, size: tuple[int, int], language: str) -> None:
        self._context = (await self.send("Target.createBrowserContext"))["browserContextId"]
        target = await self.send("Target.createTarget", url="about:blank", browserContextId=self._context)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            await self.send(f"{domain}.enable")
        await self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        await self.resize(size)
        await self.send("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})

    async def end(self) -> None:
        self._session = ""
        await self.send("Target.disposeBrowserContext", browserContextId=self._context)

    async def resize(self, size: tuple[int, int], *, scale: float = 1.0) -> None:
        width, height = size
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip

    async def open(self, url: str) -> None:
        before = self._loads
        told = await self.send("Page.navigate", url=url)
        assert "errorText" not in told, told
        await self.loaded(before)

    async def loaded(self, before: int) -> None:
        """
        Wait for the next page after the one numbered *before*.
        """
        async with asyncio.timeout(30), self._loaded:
            await self._loaded.wait_for(lambda: self._loads > before)

    async def press(self, selector: str, *, leads_on: bool = True) -> None:
        """
        Click with the mouse, in the middle of the element, and wait for the page that comes.
        """
        before = self._loads
        found = await self.find(selector)
        await self.send("DOM.scrollIntoViewIfNeeded", nodeId=found)
        quads = (await self.send("DOM.getContentQuads", nodeId=found))["quads"]
        x, y = sum(quads[0][0::2]) / 4, sum(quads[0][1::2]) / 4
        for kind in ("mousePressed", "mouseReleased"):
            await self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        if leads_on:
            await self.loaded(before)

    async def type(self, selector: str, text: str) -> None:
        await self.send("DOM.focus", nodeId=await self.find(selector))
        await self.send("Input.insertText", text=text)

    async def find(self, selector: str) -> int:
        root = (await self.send("DOM.getDocument"))["root"]["nodeId"]
        found = (await self.send("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        assert found, f"nothing on this page is {selector}:\n{await self.text()}"
        return int(found)

    async def evaluate(self, expression: str) -> Any:
        told = await self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        """
        Wait until the page says so; it is asked at every frame that it draws.
        """
        waiting = f"new Promise(done => {{ const look = () => ({expression}) ? done(1) : requestAnimationFrame(look); look() }})"
        async with asyncio.timeout(20):
            await self.evaluate(waiting)

    async def text(self) -> str:
        return str(await self.evaluate("document.body.innerText"))

    async def address(self) -> str:
        return str(await self.evaluate("location.href"))

    async def photograph(self) -> bytes:
        """
        What is in sight, as a PNG.
        """
        return base64.b64decode((await self.send("Page.captureScreenshot", format="png"))["data"])
