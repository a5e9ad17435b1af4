"""The merchant apps that may use the gateway: who they are, how they sign, where their webhooks go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reference_gateway.errors import SettingsRefused


class App(BaseModel):
    """One app; secrets are kept out of its repr. An operator may see and compare what concerns all apps."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    app_id: str = Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_-]+$")
    secret: str = Field(min_length=16, repr=False)
    webhook_url: str = ""
    webhook_secret: str = Field(default="", repr=False)
    operator: bool = True


def load_apps(path: Path) -> Mapping[str, App]:
    """Read the apps file, a JSON list."""
    try:
        apps = TypeAdapter(list[App]).validate_python(json.loads(path.read_bytes()))
    except OSError as error:
        raise SettingsRefused(f"apps_file {path} cannot be read: {error.strerror}") from error
    except (ValidationError, ValueError) as error:
        raise SettingsRefused(f"apps_file {path} is not a list of apps: {error}") from error
    return {app.app_id: app for app in apps}
