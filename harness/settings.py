"""
Everything the harness reads from its environment, in one frozen object.

Only this module reads the environment; everything else receives values. A misspelt variable is refused, not ignored.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from harness.errors import ConfigError

PREFIX = "PAYPROOF_"
# These belong to the simulator and to the load generator, which read them in processes of their own.
SIMULATOR_PREFIX = "PAYPROOF_PROVIDERS_"
LOAD_PREFIX = "PAYPROOF_LOAD_"
FOREIGN_PREFIXES = (SIMULATOR_PREFIX, LOAD_PREFIX)


class HarnessSettings(BaseSettings):
    """
    The harness's own settings; command-line flags win over them.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Path(".payproof")
    out: Path | None = None
    lang: Literal["en", "zh"] = "en"
    database_url: str | None = None
    redis_url: str | None = None


def load(environ: Mapping[str, str] | None = None) -> HarnessSettings:
    """
    Read the settings; refuse a `PAYPROOF_` variable that nobody knows.

    Raises:
        ConfigError: a misspelt variable, with the closest right one.
    """
    seen = os.environ if environ is None else environ
    known = {PREFIX + name.upper() for name in HarnessSettings.model_fields}
    for name in sorted(seen):
        if not name.startswith(PREFIX) or name.startswith(FOREIGN_PREFIXES) or name in known:
            continue
        closest = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {closest[0]}?" if closest else f"Known: {', '.join(sorted(known))}."
        raise ConfigError(f"environment variable {name} is not a setting. {hint}")
    if environ is None:
        return HarnessSettings()
    given = {
        name: seen[PREFIX + name.upper()] for name in HarnessSettings.model_fields if PREFIX + name.upper() in seen
    }
    return HarnessSettings.model_validate(given)


def secret_of(name: str) -> str | None:
    """
    The value of a variable that a user's driver names; None when it is not set.
    """
    return os.environ.get(name)


def for_simulator() -> dict[str, str]:
    """
    The simulator's variables in our environment; whether it knows them is its own business.
    """
    return {name: value for name, value in os.environ.items() if name.upper().startswith(SIMULATOR_PREFIX)}


def for_load() -> dict[str, str]:
    """
    What a generator was told by hand, by name in lower case: whoever joins a master elsewhere says what it says.
    """
    return {
        name.upper().removeprefix(LOAD_PREFIX).lower(): value
        for name, value in os.environ.items()
        if name.upper().startswith(LOAD_PREFIX)
    }


def child_environment(**values: str) -> dict[str, str]:
    """
    The environment of a server process: built, not inherited, so that a shell cannot colour a run.

    PYTHONDONTWRITEBYTECODE in particular would triple every start.
    """
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SYSTEMROOT")
        if name in os.environ
    }
    return {**kept, **values}
