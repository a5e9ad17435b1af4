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

from tools.bench.yardsticks import on_core

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
def simulator(folder: Path, *, core: int | None, filled: int | None = None, written: bool = True) -> Iterator[Server]:
    """
    A simulator until the block ends.

    Args:
        folder: for credentials, rules and journal; made if missing.
        filled: how many orders it holds from the start; None takes the simulator's own program.
        written: the journal goes to a file; otherwise it is what memory holds of it.
    """
    folder.mkdir(exist_ok=True)
    credentials, rules, journal = folder / "credentials", folder / "rules.yaml", folder / "wire.ndjson"
    rules.write_text(_harmless((REPO / "scenarios" / "profiles" / "flaky.yaml").read_text()))
    if filled is None:
        flags = [f"--credentials-dir={credentials}", f"--faults-file={rules}"]
        flags += [f"--journal-file={journal}"] if written else []
        command = [sys.executable, "-m", "mock_providers", *flags]
    else:
        command = [sys.executable, "-m", "tools.bench.filled", str(filled), *map(str, (credentials, rules, journal))]
    process = subprocess.Popen(on_core(command, core), cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            raise SystemExit(f"bench: the simulator did not start; try: {' '.join(command)}")
        yield Server(process.pid, json.loads(ready), credentials)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _harmless(profile: str) -> str:
    from ruamel.yaml import YAML

    written = YAML(typ="safe").load(profile)
    for rule in written["rules"]:
        rule.setdefault("where", {})["chance"] = ONE_IN_A_TRILLION
    return json.dumps(written)
