"""
`payproof doctor`: hands a pasted request to the simulator's signature doctor, in a process of its own.

It refuses to know how anything is signed; what is said and the exit code are the doctor's.
"""

import subprocess
import sys
from pathlib import Path

from harness.settings import HarnessSettings, child_environment

EXIT_OUR_FAULT = 2
# The current folder is kept off the path: a stranger's mock_providers may lie there.
DOCTOR = (sys.executable, "-P", "-m", "mock_providers.doctor")


def run_doctor(
    file: str, *, public_key: Path | None, lang: str | None, as_json: bool, settings: HarnessSettings
) -> int:
    """
    Explain one request; 0 right, 1 wrong and explained, 3 wrong and unexplained, 2 unreadable.

    Args:
        file: "-" is our own stdin, which the doctor inherits.
        lang: the setting's by default.
    """
    command = [*DOCTOR, "--credentials-dir", str(settings.home.absolute() / "credentials")]
    command += ["--lang", lang or settings.lang]
    if public_key is not None:
        command += ["--public-key", str(public_key)]
    if as_json:
        command.append("--json")
    done = subprocess.run([*command, "--", file], env=child_environment(), check=False)  # noqa: S603 - our own module
    return done.returncode if done.returncode >= 0 else EXIT_OUR_FAULT
