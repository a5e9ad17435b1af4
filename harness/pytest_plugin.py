"""
The pytest plugin: a sandbox for tests that a team writes itself, and the catalogue's requirements as tests.

Loaded by pytest wherever payproof is installed, so it imports nothing until somebody uses it: options, one marker, and
fixtures whose work is done in `harness/testing.py`. How to use it: docs/howto/pytest.md.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.testing import Requirement, Sandbox, Trial

MARKER = "payproof(*prefixes, channels=()): which requirements `payproof_requirement` runs through"


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    What may be said on the command line.
    """
    group = parser.getgroup("payproof", "a payment gateway under test")
    group.addoption(
        "--payproof-gateway",
        default="reference",
        metavar="G",
        help="reference, a driver's YAML file, or pkg.mod:Driver (reference)",
    )
    group.addoption("--payproof-seed", type=int, default=1, metavar="N", help="decides every fault (1)")
    group.addoption(
        "--payproof-home", type=Path, default=None, metavar="DIR", help="keeps ports and credentials; one for the run"
    )


def pytest_configure(config: pytest.Config) -> None:
    """
    The marker, for --strict-markers.
    """
    config.addinivalue_line("markers", MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """
    A test for each requirement and channel that the marker chooses.
    """
    if "payproof_requirement" not in metafunc.fixturenames:
        return
    from harness.testing import chosen_pairs  # noqa: PLC0415

    marker = metafunc.definition.get_closest_marker("payproof")
    pairs = chosen_pairs(
        str(metafunc.config.getoption("--payproof-gateway")),
        prefixes=() if marker is None else marker.args,
        channels=() if marker is None else marker.kwargs.get("channels", ()),
    )
    ids = [f"{name}-{channel}" for name, channel in pairs]
    metafunc.parametrize("payproof_requirement", pairs, ids=ids, indirect=True)


@pytest.fixture(scope="session")
def payproof_sandbox(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Sandbox]":
    """
    The simulators on free ports, with their control client and their folder of credentials, for the whole run.
    """
    from harness.testing import sandbox  # noqa: PLC0415

    home = request.config.getoption("--payproof-home") or tmp_path_factory.mktemp("payproof")
    with sandbox(home, seed=request.config.getoption("--payproof-seed")) as started:
        yield started


@pytest.fixture(scope="session")
def payproof_trial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Trial]":
    """
    The gateway under test and what its cases have shown so far; started by the first requirement that needs it.
    """
    from harness.testing import trial  # noqa: PLC0415

    option = request.config.getoption
    home = option("--payproof-home") or tmp_path_factory.mktemp("payproof")
    with trial(option("--payproof-gateway"), home=home, seed=option("--payproof-seed")) as begun:
        yield begun


@pytest.fixture
def payproof_requirement(request: pytest.FixtureRequest, payproof_trial: "Trial") -> "Requirement":
    """
    One requirement over one channel; its `check()` passes, fails with the sentence of the finding, or skips.
    """
    from harness.testing import Requirement  # noqa: PLC0415

    name, channel = request.param
    return Requirement(name, channel, payproof_trial)
