"""
Runs the steps of one Python SDK in this process, and reports which of the SDK's functions were called.

The SDK is not touched: the interpreter's own profiler tells who was called.
"""

import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from tests.sdk.kit.world import World


def main(world_file: str) -> int:
    """
    Args:
        world_file: JSON; where the report goes stands in it.
    """
    told = json.loads(Path(world_file).read_text())
    world = World(told)
    program = importlib.import_module(told["program"])
    report: dict[str, Any] = {"public": sorted(program.public()), "steps": {}}
    for name in told["steps"]:
        report["steps"][name] = _outcome(getattr(program, name), world)
    Path(told["report"]).write_text(json.dumps(report))
    return 0


def _outcome(step: Callable[[World], None], world: World) -> dict[str, Any]:
    called: set[str] = set()
    ours = step.__code__.co_filename

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename != ours:
            called.add(frame.f_code.co_qualname.removesuffix(".__init__"))

    started_s = time.perf_counter()
    sys.setprofile(watch)
    error = ""
    try:
        step(world)
    except Exception:  # noqa: BLE001  whatever an SDK raises belongs into the report
        error = traceback.format_exc()
    finally:
        sys.setprofile(None)
    return {"error": error, "called": sorted(called), "seconds": time.perf_counter() - started_s}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
