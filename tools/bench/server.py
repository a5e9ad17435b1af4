"""
The simulator under measurement: a process of its own, held to one core, journal on, fault engine loaded.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench.signs import on_core

REPO = Path(__file__).parents[2]
# Every rule of the flaky profile is asked for every answer, and strikes nobody.
ONE_IN_A_TRILLION = 1e-12


@dataclass(frozen=True, slots=True)
class Server:
    """A simulator that is ready."""

    pid: int
    ready: Mapping[str, Any]
    credentials: Path


@contextmanager
def simulator(folder: Path, *, core: int | None, flags: tuple[str, ...] = ()) -> Iterator[Server]:
    """
    A simulator until the block ends.

    Args:
        folder: for credentials, rules and journal; on a disk.
    """
    credentials, rules = folder / "credentials", folder / "rules.yaml"
    rules.write_text(_harmless((REPO / "scenarios" / "profiles" / "flaky.yaml").read_text()))
    command = [
        sys.executable, "-m", "mock_providers", "--credentials-dir", str(credentials), "--faults-file", str(rules),
        "--journal-file", str(folder / "wire.ndjson"), *flags,
    ]  # fmt: skip
    process = subprocess.Popen(on_core(command, core), cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield Server(process.pid, json.loads(process.stdout.readline()), credentials)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _harmless(profile: str) -> str:
    from ruamel.yaml import YAML

    written = YAML(typ="safe").load(profile)
    for rule in written["rules"]:
        rule.setdefault("where", {})["chance"] = ONE_IN_A_TRILLION
    return json.dumps(written)
