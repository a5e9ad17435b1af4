"""One set of keys for the run."""

from collections.abc import Iterator

import pytest

from tests.keys import forget_keys


@pytest.fixture(scope="session", autouse=True)
def _no_keys_are_left() -> Iterator[None]:
    yield
    forget_keys()
