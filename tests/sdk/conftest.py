"""Files with an SDK's card are test files, whatever their language."""

from pathlib import Path

import pytest

from tests.sdk.kit.card import SDK_DIR, read_card
from tests.sdk.kit.collect import SdkFile


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SdkFile | None:
    """A collector for a file with a card."""
    if file_path.parent.parent != SDK_DIR or read_card(file_path) is None:
        return None
    return SdkFile.from_parent(parent, path=file_path)
