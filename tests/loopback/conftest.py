"""
One set of keys for the run, one simulator for each test.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mock_providers.core.wire.identities import merchant_folders
from mock_providers.registry import make_credentials
from tests.keys import copy_keys
from tests.loopback.sandbox import Sandbox, sandbox


@pytest.fixture(scope="session")
def credentials_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("credentials")
    copy_keys(directory)
    return directory


@pytest.fixture(scope="session")
def three_merchants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A credentials folder of three merchants.
    """
    directory = tmp_path_factory.mktemp("three")
    for folder in merchant_folders(directory, 3):
        make_credentials(folder)
    return directory


@pytest_asyncio.fixture
async def box(credentials_dir: Path) -> AsyncIterator[Sandbox]:
    async with sandbox(credentials_dir) as box:
        yield box
