"""
Keys are made once for the whole run, and every desk stands on a loop of its own.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.keys import copy_keys
from tests.unit.mock_providers import unionpay_desk
from tests.unit.mock_providers.alipay_desk import Desk
from tests.unit.mock_providers.wechatpay_v2_desk import V2Desk
from tests.unit.mock_providers.wechatpay_v3_desk import V3Desk


@pytest.fixture(scope="session")
def credentials_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("credentials")
    copy_keys(directory)
    return directory


@pytest_asyncio.fixture
async def desk(credentials_dir: Path) -> AsyncIterator[Desk]:
    desk = Desk(credentials_dir)
    yield desk
    await desk.schedule.stop()


@pytest_asyncio.fixture
async def make_v3_desk(credentials_dir: Path) -> AsyncIterator[Callable[..., V3Desk]]:
    """
    WeChat Pay with other switches than the usual ones.
    """
    made: list[V3Desk] = []

    def make(**switches: object) -> V3Desk:
        made.append(V3Desk(credentials_dir, **switches))
        return made[-1]

    yield make
    for desk in made:
        await desk.schedule.stop()


@pytest_asyncio.fixture
async def v3_desk(make_v3_desk: Callable[..., V3Desk]) -> V3Desk:
    return make_v3_desk()


@pytest_asyncio.fixture
async def make_v2_desk(credentials_dir: Path) -> AsyncIterator[Callable[..., V2Desk]]:
    """
    The XML side of WeChat Pay with other switches than the usual ones.
    """
    made: list[V2Desk] = []

    def make(**switches: object) -> V2Desk:
        made.append(V2Desk(credentials_dir, **switches))
        return made[-1]

    yield make
    for desk in made:
        await desk.schedule.stop()


@pytest_asyncio.fixture
async def v2_desk(make_v2_desk: Callable[..., V2Desk]) -> V2Desk:
    return make_v2_desk()


@pytest_asyncio.fixture
async def unionpay(credentials_dir: Path) -> AsyncIterator[unionpay_desk.Desk]:
    desk = unionpay_desk.Desk(credentials_dir)
    yield desk
    await desk.schedule.stop()
