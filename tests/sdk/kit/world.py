"""
What a step has around it: the simulator's addresses, the merchant's files, the control API and the notifies that came.

Blocking on purpose, as the SDKs are. `node/steps.mjs` offers the same in JavaScript.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.sdk.kit.card import ROOT
from tests.sdk.kit.desk import WAIT_S

# Packages that need a folder of their own, and those of other languages; setup makes it.
INSTALLED = Path(sys.prefix) / "sdk"


def built_environment(*first: Path) -> dict[str, str]:
    """
    Nothing inherited: no proxy, no certificate bundle and no setting of the machine reaches an SDK.

    Args:
        first: folders whose modules win over installed ones.
    """
    return {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(map(str, (*first, ROOT))), "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Received:
    """One notify as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The body form-decoded, and nothing more."""
        return dict(parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


@dataclass(frozen=True, slots=True)
class World:
    """One simulator, started for this SDK alone."""

    told: dict[str, Any]

    def url(self, provider: str) -> str:
        """Of the provider's own port, without a slash at the end."""
        return str(self.told["urls"][provider])

    def path(self, name: str) -> Path:
        """A file of the credentials, such as `alipay/app_id`."""
        return Path(self.told["credentials_dir"]) / name

    def text(self, name: str) -> str:
        """What stands in it."""
        return self.path(name).read_text()

    def notify_url(self, provider: str, tag: str) -> str:
        """An address of this step's own: *tag* keeps its notifies apart from others'."""
        return f"{self.told['desk_url']}/notify/{provider}/{tag}"

    def notify(self, provider: str, tag: str) -> Received:
        """
        The next notify that came to that address; waits for it.
        """
        told = self._call(f"{self.told['desk_url']}/next/{provider}/{tag}", None)
        return Received(told["method"], told["target"], told["headers"], b64decode(told["body_base64"]))

    def control(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """A call of the control API: GET, or POST where there is a *body*."""
        return self._call(f"{self.told['control_url']}/control/v1{path}", body, method=method)

    def buyer(self, provider: str, order: str, action: str = "pay") -> Any:
        """The buyer acts on an order."""
        return self.control(f"/trades/{provider}/{order}/buyer", {"action": action})

    def next_day(self) -> str:
        """Let two days pass, so that bills are there; gives the Beijing day that it was."""
        now = datetime.fromisoformat(self.control("/clock")["schedule_at"])
        self.control("/clock/advance", {"seconds": 2 * 86_400})
        return str((now.astimezone(UTC) + timedelta(hours=8)).date())

    def _call(self, url: str, body: Any, *, method: str | None = None) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(  # noqa: S310  our own loopback addresses
            url,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with opener.open(request, timeout=WAIT_S + 5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{url}: {refused.code} {refused.read().decode()}") from None
