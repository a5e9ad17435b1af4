"""One set of keys for the run, and no test that neither half of the suite would play."""

from collections.abc import Iterator

import pytest

from tests.keys import forget_keys


@pytest.fixture(scope="session", autouse=True)
def _no_keys_are_left() -> Iterator[None]:
    yield
    forget_keys()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`tools/test.sh` finds the slower half by reading the files, so the mark stands in them."""
    for path in {item.path for item in items if item.get_closest_marker("processes")}:
        if "/tests/sdk/" not in path.as_posix() and "mark.processes" not in path.read_text(encoding="utf-8"):
            raise pytest.UsageError(f"{path}: write pytest.mark.processes in it, where tools/test.sh looks for it")
