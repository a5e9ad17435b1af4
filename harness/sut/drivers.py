"""
Which gateway is meant: the bundled one, a YAML file, or a Python class of the user's.
"""

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
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


def imported(name: str, *, folder: Path | None = None) -> Callable[..., Any]:
    """
    What `pkg.mod:thing` names.

    Args:
        folder: looked into first, where somebody's file lies beside their driver.

    Raises:
        ConfigError: it cannot be imported, or has no such thing.
    """
    module, _, thing = name.partition(":")
    beside = None if folder is None else folder / f"{module}.py"
    try:
        held = importlib.import_module(module) if beside is None or not beside.is_file() else _file_module(beside)
        found: Callable[..., Any] = getattr(held, thing)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise ConfigError(
            f"{name} cannot be imported: {error}",
            hint="it is looked for beside the driver, then along PYTHONPATH",
        ) from error
    return found


def _file_module(file: Path) -> ModuleType:
    """
    A file as a module of its own, so that two drivers may each have a `signing.py`.
    """
    spec = importlib.util.spec_from_file_location(f"payproof_driver_{file.stem}", file)
    assert spec is not None and spec.loader is not None, file  # noqa: PT018  a .py file has both
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
