"""
What a run folder says of its run: `run.json`, with all that plays it again.

It refuses to know what a command does: a run is its words on the command line, the seed that stands in them, and the
version that read them.
"""

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import orjson

from harness.errors import RunFolderError

FILE = "run.json"
ROOT = Path(__file__).resolve().parents[1]
KEYS = ("command", "argv", "seed", "version", "commit", "profile", "gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """
    One run, as it was asked for.

    Args:
        argv: the words after `payproof`, the command first; files by their full paths.
        commit: of the source, empty where it is an installed package.
        profile: empty where none was drawn from.
        gateway: "reference", a driver's file, or a Python class.
    """

    command: str
    argv: tuple[str, ...]
    seed: int
    version: str
    commit: str
    profile: str
    gateway: str

    @classmethod
    def of(cls, argv: tuple[str, ...], *, seed: int, profile: str = "", gateway: str = "") -> Self:
        """
        A run of this very version.
        """
        return cls(
            command=argv[0] if argv else "",
            argv=argv,
            seed=seed,
            version=our_version(),
            commit=our_commit(),
            profile=profile,
            gateway=gateway,
        )

    @property
    def words(self) -> str:
        """
        The command line, ready to be pasted.
        """
        return shlex.join(("payproof", *self.argv))

    def write(self, folder: Path) -> None:
        told = {name: getattr(self, name) for name in KEYS}
        (folder / FILE).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")


def read_run(folder: Path) -> RunRecord:
    """
    What a run folder says of its run.

    Raises:
        RunFolderError: it is no run folder, or says too little to be played again.
    """
    try:
        said = orjson.loads((folder / FILE).read_bytes())
    except OSError as error:
        raise RunFolderError(f"{folder} is no run folder: it has no {FILE}") from error
    except orjson.JSONDecodeError as error:
        raise RunFolderError(f"{folder / FILE} is no JSON: {error}") from error
    lacking = [name for name in KEYS if not isinstance(said, Mapping) or name not in said]
    if lacking:
        raise RunFolderError(f"{folder / FILE} lacks {', '.join(lacking)}")
    return _record(said, folder)


def _record(said: Mapping[str, Any], folder: Path) -> RunRecord:
    argv = said["argv"]
    if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
        raise RunFolderError(f"{folder / FILE} does not say with which words the run was started")
    return RunRecord(
        command=str(said["command"]),
        argv=tuple(argv),
        seed=int(said["seed"]),
        version=str(said["version"]),
        commit=str(said["commit"]),
        profile=str(said["profile"]),
        gateway=str(said["gateway"]),
    )


@cache
def our_version() -> str:
    """
    The version of the installed package.
    """
    try:
        return version("payproof")
    except PackageNotFoundError:
        return "unknown"


@cache
def our_commit() -> str:
    """
    The commit that is checked out where this source lies; empty where it lies in no repository of its own.
    """
    git = shutil.which("git")
    if git is None:
        return ""
    asked = [git, "-C", str(ROOT), "rev-parse", "--show-toplevel", "HEAD"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - git, about our own folder
    top, _, commit = done.stdout.strip().partition("\n")
    return commit if done.returncode == 0 and Path(top).resolve() == ROOT else ""
