"""
An SDK's card: what stands at the top of the one file that drives it, in that language's comments.

The shape is that of inline script metadata: `# /// sdk`, TOML behind comment marks, `# ///`. Reading it takes no SDK, no
Node, no Go and no Java, so tests are collected and the table of coverage is written anywhere.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

ROOT = Path(__file__).resolve().parents[3]
SDK_DIR = ROOT / "tests" / "sdk"

Language = Literal["python", "node", "go", "java"]
Door = Literal["port", "port80", "vendor", "proxy"]

_SUFFIXES: Mapping[str, Language] = {".py": "python", ".mjs": "node", ".go": "go", ".java": "java"}
_BLOCK = re.compile(r"^(?P<mark>#|//) /// sdk\n(?P<body>(?:(?P=mark).*\n)*?)(?P=mark) ///$", re.MULTILINE)
_KEYS = frozenset({"package", "provider", "door", "folder", "flags", "steps", "out_of_scope"})


class BadCard(Exception):
    """A card that cannot be meant like that."""


@dataclass(frozen=True, slots=True)
class Card:
    """
    What an SDK is, how it gets to the simulator, and what of it is driven.

    Args:
        package: its name where it comes from.
        provider: whose protocol it speaks.
        door: "port" takes the address that it is given; "port80" only speaks to port 80; "vendor" only knows the vendor's
            own hosts, over TLS; "proxy" likewise, and honours HTTPS_PROXY.
        folder: below .venv/sdk, for a Python package that shares a module's name with another one.
        flags: of the simulator, as `python -m mock_providers --help` has them.
        steps: the SDK's public methods that each step drives.
        out_of_scope: patterns of public methods that are not driven, and why not.
    """

    path: Path
    language: Language
    package: str
    provider: str
    door: Door
    folder: str
    flags: tuple[str, ...]
    steps: Mapping[str, tuple[str, ...]]
    out_of_scope: Mapping[str, str]

    @property
    def place(self) -> str:
        """The file, as in a test's id."""
        return self.path.relative_to(ROOT).as_posix()

    def names(self, method: str) -> bool:
        """Whether a step drives this public method, or a reason excuses it."""
        claims = (claim for claims in self.steps.values() for claim in claims)
        driven = any(claim == method or claim.startswith(f"{method} ") for claim in claims)
        return driven or any(fnmatchcase(method, pattern) for pattern in self.out_of_scope)


def cards() -> list[Card]:
    """Every SDK there is, sorted by file."""
    paths = sorted(path for path in SDK_DIR.glob("*/*") if path.suffix in _SUFFIXES)
    return [card for card in map(read_card, paths) if card is not None]


def missing_from(those: list[Card], *, public: list[str]) -> list[str]:
    """Public methods of one SDK that none of its cards names."""
    return [method for method in public if not any(card.names(method) for card in those)]


def read_card(path: Path) -> Card | None:
    """
    The card of a file, None where it has none.

    Raises:
        BadCard: it has one that says something else than cards say.
    """
    if path.suffix not in _SUFFIXES:
        return None
    found = _BLOCK.search(path.read_text(encoding="utf-8"))
    if found is None:
        return None
    width = len(found["mark"])
    body = "\n".join(line[width:].removeprefix(" ") for line in found["body"].splitlines())
    try:
        return _card(path, tomllib.loads(body))
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as problem:
        raise BadCard(f"{path}: its card: {problem}; tests/sdk/README.md shows a whole one") from problem


def _card(path: Path, told: dict[str, Any]) -> Card:
    strangers = told.keys() - _KEYS
    door = told.get("door", "port")
    if strangers or door not in get_args(Door):
        raise BadCard(f"{path}: its card: {', '.join(sorted(strangers)) or door} is unknown; keys are {sorted(_KEYS)}")
    steps = {name: tuple(methods) for name, methods in told["steps"].items()}
    idle = [name for name, methods in steps.items() if not methods]
    if idle:
        raise BadCard(f"{path}: its card: step {idle[0]} drives nothing; name the SDK's methods that it calls")
    return Card(
        path=path.resolve(),
        language=_SUFFIXES[path.suffix],
        package=told["package"],
        provider=told["provider"],
        door=door,
        folder=told.get("folder", ""),
        flags=tuple(told.get("flags", ())),
        steps=steps,
        out_of_scope=dict(told.get("out_of_scope", {})),
    )
