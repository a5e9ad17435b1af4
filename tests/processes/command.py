"""
`payproof` as people run it: a process with an environment that was built, whose lines are waited for.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Self

from harness.settings import child_environment
from tests.processes.helpers import REPO, children, mentioning, tree, wait_gone

PAYPROOF = (sys.executable, "-m", "harness")
SERVERS = {
    "postgres": re.compile(r"bin/postgres\0-D\0"),
    "redis": re.compile(r"(redis|valkey)-server|harness\.world\.fake_redis"),
    "simulator": re.compile(r"\0mock_providers\0"),
    "gateway": re.compile(r"\0reference_gateway\0"),
}
LAST_LINE = "Ctrl-C stops everything."
RUN_S = 280


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    env = child_environment(**environment)
    return subprocess.run(
        [*PAYPROOF, *argv], cwd=REPO, env=env, capture_output=True, text=True, timeout=RUN_S, check=False
    )


class Up:
    """
    A `payproof up` (or `providers`) that serves, or is still starting: `serving` waits for the former.
    """

    def __init__(self, home: Path, *options: str, command: str = "up", **environment: str) -> None:
        self.home = home
        self.said: list[str] = []
        self._complaints: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the whole
        self.process = subprocess.Popen(
            [*PAYPROOF, command, "--home", str(home), *options],
            cwd=REPO,
            env=child_environment(**environment),
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._complaints.close()

    def serving(self) -> Self:
        """Wait until it has told where everything is."""
        self.line(LAST_LINE)
        return self

    def line(self, text: str) -> str:
        """Wait for the next line of its stdout with *text* in it."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            self.said.append(line.rstrip("\n"))
            if text in line:
                return self.said[-1]
        raise AssertionError(f"it never said {text!r}:\n" + "\n".join(self.said) + "\n" + self.complaints)

    def where(self, what: str) -> str:
        """What it printed for *what*: an URL, a path."""
        return next(line.removeprefix(what).strip() for line in self.said if line.startswith(what))

    def family(self) -> list[int]:
        """The command and all that it started."""
        return [self.process.pid, *tree(self.process.pid)]

    @property
    def complaints(self) -> str:
        """Its stderr so far."""
        self._complaints.seek(0)
        return self._complaints.read()

    def servers(self) -> dict[str, int]:
        """The pids of its servers, by name."""
        found: dict[str, int] = {}
        for pid in children().get(self.process.pid, []):
            told = command_line(pid)
            found |= {name: pid for name, mark in SERVERS.items() if mark.search(told)}
        return found

    def end(self, number: signal.Signals, *, group: bool = False) -> int:
        """Send the signal, wait until the command and all that it started have ended, and see that nothing is left."""
        family = self.family()
        (os.killpg if group else os.kill)(self.process.pid, number)
        wait_gone(family)
        code = self.process.wait()
        left = mentioning(str(self.home))
        assert left == [], [command_line(pid) for pid in left]
        return code


def command_line(pid: int) -> str:
    """Its words, a NUL after each; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
