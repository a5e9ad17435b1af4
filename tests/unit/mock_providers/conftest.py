"""
Keys are made once for the whole run, and every desk stands on a loop of its own.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mock_providers.registry import make_credentials
from tests.unit.mock_providers.alipay_desk import Desk


@pytest.fixture(scope="session")
def credentials_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("credentials")
    make_credentials(directory)
    return directory


@pytest_asyncio.fixture
async def desk(credentials_dir: Path) -> AsyncIterator[Desk]:
    desk = Desk(credentials_dir)
    yield desk
    await desk.schedule.stop()
