"""
Starts Locust as a process of its own and waits for its end; importing it would patch ours.

Its exit code means nothing here: the record says what was sent, the audit what became of it.
"""

import asyncio
import contextlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import LoadError
from harness.settings import child_environment

LOCUSTFILE = Path(__file__).resolve().parents[2] / "loadtests" / "locustfile.py"
# Beyond the run itself: start-up, and the answers that are still out.
GRACE_S = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocustRun:
    """
    One run of Locust.

    Args:
        url: the gateway's base URL.
        values: what `PAYPROOF_LOAD_*` will say, without the prefix.
        log_file: takes what Locust prints.
    """

    url: str
    values: Mapping[str, str]
    duration_s: float
    log_file: Path


async def run_locust(run: LocustRun) -> None:
    """
    Run it to its end; a generator that outstays its time is ended.

    Raises:
        LoadError: Locust is not installed.
    """
    if importlib.util.find_spec("locust") is None:
        raise LoadError("Locust is not installed", hint="`pip install --require-hashes -r requirements/load.txt`")
    env = child_environment(**{f"PAYPROOF_LOAD_{name.upper()}": value for name, value in run.values.items()})
    command = ["-m", "locust", "-f", str(LOCUSTFILE), "--headless", "-u", "1", "-r", "1", "--host", run.url]
    with run.log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, "--only-summary", env=env, stdout=log, stderr=log, cwd=LOCUSTFILE.parents[1]
        )
        try:
            async with asyncio.timeout(run.duration_s + GRACE_S):
                await process.wait()
        except TimeoutError:
            pass  # what it wrote so far is judged
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
