"""
One Chromium for the run, one simulator and one shop for each test.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from tests.browser.chromium import ABSENT, BINARY, Chromium
from tests.keys import copy_keys
from tests.loopback.sandbox import Sandbox, sandbox


@dataclass
class Shop:
    """
    The merchant's page that buyers come back to, which writes down how they came.
    """

    url: str = ""
    visits: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def back(self, request: web.Request) -> web.Response:
        fields = {name: str(value) for name, value in [*request.query.items(), *(await request.post()).items()]}
        self.visits.append((request.method, fields))
        return web.Response(text="<link rel=icon href=data:,><h1>Thank you</h1>", content_type="text/html")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    if BINARY is None:
        pytest.skip(ABSENT)
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def credentials_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("credentials")
    copy_keys(directory)
    return directory


@pytest_asyncio.fixture
async def box(credentials_dir: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(credentials_dir) as box:
        yield box


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_route("*", "/back", shop.back)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}/back"
    yield shop
    await runner.cleanup()
