"""
Makes tests of an SDK's file: one for each step of its card, and one that no public method is forgotten.

The SDK runs once, in a process of its own, for all its steps; their outcomes are read from its report.
"""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.sdk.kit.card import ROOT, Card, cards, missing_from, read_card
from tests.sdk.kit.host import CANNOT
from tests.sdk.kit.world import INSTALLED, built_environment

_CHILD_S = 280


class SdkFile(pytest.File):
    """A file with a card."""

    @cached_property
    def card(self) -> Card:
        """What stands at its top."""
        card = read_card(self.path)
        assert card is not None
        return card

    def collect(self) -> Iterator[pytest.Item]:
        """One test for each step, and one for what the steps leave out."""
        for name in self.card.steps:
            yield Step.from_parent(self, name=name)
        yield Public.from_parent(self, name="public_methods")

    @cached_property
    def report(self) -> dict[str, Any]:
        """
        What the SDK's program reported.

        Raises:
            pytest.skip.Exception: it cannot run here, and why.
        """
        node = shutil.which("node") or ""
        reason = missing(self.card, node=node)
        if reason:
            return {"skipped": reason}
        ended = subprocess.run(
            [sys.executable, "-m", "tests.sdk.kit.host", str(self.path), node],
            check=False, capture_output=True, text=True, timeout=_CHILD_S, cwd=ROOT, env=built_environment(),
        )  # fmt: skip
        if ended.returncode == CANNOT:
            return {"skipped": ended.stdout.strip()}
        if ended.returncode != 0:
            return {"failed": f"its program ended with {ended.returncode}\n{ended.stderr}"}
        return dict(json.loads(ended.stdout))

    def ran(self) -> dict[str, Any]:
        """The report of a program that ran to its end; otherwise the test is skipped, or fails."""
        if "skipped" in self.report:
            pytest.skip(self.report["skipped"])
        if "failed" in self.report:
            pytest.fail(self.report["failed"], pytrace=False)
        return self.report


def missing(card: Card, *, node: str) -> str:
    """Why this SDK cannot run here; "" when it can."""
    if card.language == "node":
        if not node:
            return f"{card.package} (npm) needs node on PATH"
        if not (INSTALLED / "node" / "node_modules" / card.package).is_dir():
            return f"{card.package} (npm) is not installed: run make setup with node and npm on PATH"
    if card.language == "go" and not (INSTALLED / "go" / "bin" / card.path.parent.name).is_file():
        return f"{card.package} (Go) is not built: run make setup with go on PATH"
    if card.language == "java" and not (INSTALLED / "java" / "classes" / "Judges.class").is_file():
        return f"{card.package} (Maven) is not built: run make setup with mvn and javac on PATH"
    if card.language == "python":
        search = [str(INSTALLED / card.folder)] if card.folder else sys.path
        if not any(importlib.metadata.distributions(name=card.package, path=search)):
            return f"{card.package} (PyPI) is not installed: run make setup"
    return ""


class _SdkItem(pytest.Item):
    parent: SdkFile

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.add_marker(pytest.mark.sdk)
        self.add_marker(pytest.mark.processes)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, AssertionError) else super().repr_failure(excinfo, style)


class Step(_SdkItem):
    """One step went well, and called every method that the card says it drives."""

    def runtest(self) -> None:
        outcome = self.parent.ran()["steps"].get(self.name)
        assert outcome is not None, f"the program reports no step {self.name}"
        assert not outcome["error"], outcome["error"]
        never = [method for method in self.parent.card.steps[self.name] if method not in outcome["called"]]
        assert not never, f"the card says that {self.name} drives {never}, and it never calls them: {outcome['called']}"


class Public(_SdkItem):
    """Every public method that the program lists is driven or excused, by one of its SDK's cards."""

    def runtest(self) -> None:
        public = self.parent.ran()["public"]
        assert public, "the program lists no public method"
        mine = [card for card in cards() if card.package == self.parent.card.package]
        left = missing_from(mine, public=public)
        assert not left, f"neither driven nor out of scope in a card of this SDK: {left}"
