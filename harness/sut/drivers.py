"""
Which gateway is meant: the bundled one, a YAML file, or a Python class of the user's.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import ConfigError, DriverError
from harness.script.loader import load_as
from harness.sut.driver.schema import DriverFile

REFERENCE = "reference"


def load_driver(file: Path) -> DriverFile:
    """
    Read a driver.

    Raises:
        DriverError: there is no such file, or it is wrong; file, line and column are told.
    """
    if not file.is_file():
        raise DriverError(f"no file {file}")
    return load_as(file, DriverFile, DriverError)


def imported(name: str) -> Callable[..., Any]:
    """
    What `pkg.mod:thing` names.

    Raises:
        ConfigError: it cannot be imported, or has no such thing.
    """
    module, _, thing = name.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), thing)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{name} cannot be imported: {error}", hint="see whether PYTHONPATH names its folder"
        ) from error
    return found
