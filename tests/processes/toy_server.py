"""
A small Python server for the process tests: it says that it is ready, and how it was started.

Arguments: `silent` never gets ready, `stubborn` ignores SIGTERM, `exit=N` ends at once, `marker=FILE` makes every
start but the first fail.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(argv: Sequence[str]) -> int:
    options = dict(word.partition("=")[::2] for word in argv)
    told = threading.Event()
    signal.signal(signal.SIGTERM, (lambda *_: None) if "stubborn" in options else (lambda *_: told.set()))
    sys.stderr.write("toy speaks\n")
    sys.stderr.flush()
    if "exit" in options:
        return int(options["exit"])
    if "marker" in options and _seen_before(Path(options["marker"])):
        sys.stderr.write("never again\n")
        return 5
    if "silent" not in options:
        about = {
            "event": "ready",
            "argv": list(argv),
            "environ": dict(os.environ),  # noqa: TID251 - that is what the test asks
            "session": os.getsid(0),
            "cwd": str(Path.cwd()),
            "ignored": next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("SigIgn")),
            "pid": os.getpid(),
            "open": sorted(int(fd.name) for fd in Path("/proc/self/fd").iterdir() if fd.exists()),
        }
        say("a line before")
        say(json.dumps(about))
        say("a line after")
    told.wait()
    return 0


def _seen_before(marker: Path) -> bool:
    if marker.exists():
        return True
    marker.touch()
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
