"""
The secrets that a driver names without telling them: out of the environment, or out of a file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import DriverError
from harness.settings import secret_of
from harness.sut.driver.schema import DriverFile
from harness.sut.driver.template import text


def read_secrets(driver: DriverFile, *, folder: Path, values: Mapping[str, Any]) -> dict[str, str]:
    """
    The value of each secret of *driver*.

    Args:
        folder: of the driver's file; relative paths start there.
        values: what a path may name, such as the credentials folder.

    Raises:
        DriverError: one is not there, or empty.
    """
    return {name: _read(name, where, folder=folder, values=values) for name, where in driver.secrets.items()}


def _read(name: str, where: str, *, folder: Path, values: Mapping[str, Any]) -> str:
    kind, _, place = where.partition(":")
    if kind == "env":
        found = secret_of(place)
        if not found:
            raise DriverError(
                f"secret {name}: the environment variable {place} is not set, or empty",
                hint=f"export {place}=…, or let the driver name another place",
            )
        return found
    path = folder / text(place, values)
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DriverError(
            f"secret {name}: {path} cannot be read: {why}", hint="let the driver name another file"
        ) from None
    if not found:
        raise DriverError(f"secret {name}: {path} is empty", hint="put the secret into it")
    return found
