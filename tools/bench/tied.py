"""
The last step before a server under measurement becomes itself: tie its life to the benchmark's, exec.

Runs as a script, `python -I -S tied.py PARENT COMMAND…`, and keeps its process id, so that whoever started it measures
the server. Linux alone can tie lives so; elsewhere a server outlives a benchmark that is killed.
"""

import ctypes
import os
import runpy
import signal
import sys
from pathlib import Path


def main(parent: int, command: list[str]) -> None:
    """
    Become *command*, which dies when *parent* does, however that ends.
    """
    if sys.platform == "linux":
        # Run as a file, for the package around it takes a while to import.
        child = runpy.run_path(str(Path(__file__).parents[2] / "harness" / "world" / "child.py"))
        child["tie_to_parent"](parent, signal.SIGKILL, ctypes.CDLL(None, use_errno=True))
    os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
