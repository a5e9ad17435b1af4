"""
Who may read the environment, and where a ban of ruff's may be lifted. It refuses to judge what is read.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from tests.tidy.checks.tree import ROOMS, Breach, modules, texts

# Beside every room's own settings.py. A home is a path or a glob, and says why it is one.
ENVIRONMENT_HOMES: Mapping[str, str] = {
    "*/settings.py": "a room's settings are its door to the environment",
    "harness/world/child.py": "hands an environment on to the server that it becomes",
    "harness/world/fork_server.py": "hands an environment on to the server that it becomes",
}
# Where `noqa: TID251` may stand: the home of each port, and of virtual time.
PORT_HOMES: Mapping[str, str] = {
    **ENVIRONMENT_HOMES,
    "*/clock.py": "is the Clock port",
    "*/ids.py": "is the Ids port",
    "*/rng.py": "is the seeded Rng port",
    "loadtests/locustfile.py": "is real time, in a process of its own, without ports",
    "harness/world/virtual_loop.py": "is virtual time",
    "harness/world/virtual_clock.py": "is the Clock port over virtual time",
}

_ROOMS = tuple(f"{room}/" for room in ROOMS)
_READS = frozenset({"environ", "environb", "getenv", "getenvb", "putenv"})
_LIFTED = re.compile(r"#\s*noqa:[^#\n]*\bTID251\b(?P<reason>[^\n]*)")


def check_environment(root: Path, *, homes: Mapping[str, str] = ENVIRONMENT_HOMES) -> list[Breach]:
    """
    Modules of the rooms that read the environment outside its homes.
    """
    return [
        Breach(path, line, f"reads the environment ({name}); its settings.py should")
        for path, _text, tree in modules(root, under=_ROOMS)
        if not _home(path, homes)
        for line, name in _reads(tree)
    ]


def check_lifted_bans(root: Path, *, homes: Mapping[str, str] = PORT_HOMES) -> list[Breach]:
    """
    Lifted bans on time, chance, ids and environment outside their homes, or without a reason.
    """
    return [
        breach
        for path, text in texts(root, suffixes=(".py",))
        if path.startswith(_ROOMS)
        for breach in _lifted(path, text, at_home=_home(path, homes))
    ]


def _lifted(path: str, text: str, *, at_home: bool) -> Iterator[Breach]:
    told = 0  # the last line whose ban was lifted with a reason; the next line may share it
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LIFTED.search(line)
        if not match:
            continue
        if not at_home:
            yield Breach(path, number, "lifts a ban outside the home of its port")
        elif re.search(r"\w{2}", match["reason"]) or told == number - 1:
            told = number
        else:
            yield Breach(path, number, "lifts a ban without a reason")


def _home(path: str, homes: Mapping[str, str]) -> bool:
    return any(fnmatch(path, home) for home in homes)


def _reads(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="os"), attr=attr) if attr in _READS:
                yield node.lineno, f"os.{attr}"
            case ast.ImportFrom(module="os", names=names):
                yield from ((node.lineno, f"os.{name.name}") for name in names if name.name in _READS)
            case _:
                pass
