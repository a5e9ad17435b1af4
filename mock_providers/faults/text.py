"""Reading what people write down about faults, and saying where in it something is wrong; knows no fault."""

from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mock_providers.errors import RulesRefused

Location = tuple[int | str, ...]


def read_yaml(path: Path) -> object:
    """
    YAML 1.2; what comes back knows its lines.

    Raises:
        RulesRefused: with "file:line: what is wrong".
    """
    try:
        document: object = YAML(typ="rt").load(path.read_text("utf-8"))
    except OSError as problem:
        raise RulesRefused([f"{path}: cannot be read: {problem.strerror}"]) from None
    except MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise RulesRefused([f"{path}:{line}: {problem.problem or 'not YAML'}"]) from None
    except (YAMLError, UnicodeDecodeError) as problem:
        raise RulesRefused([f"{path}: not a YAML text: {problem}"]) from None
    return document


def told(document: object, location: Location, message: str, *, file: Path | None) -> str:
    """
    *message* with its place.

    Returns:
        "file:line: message" where there is a file, else "rules[0].where.chanse: message".
    """
    if file is not None:
        return f"{file}:{_line(document, location)}: {message}"
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{dotted.lstrip('.')}: {message}" if dotted else message


def _line(document: object, location: Location) -> int:
    """The line of the deepest part of *location* that the document has."""
    return max(_lines(document, location), default=1)


def _lines(node: object, location: Location) -> Iterator[int]:
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            yield node.lc.key(part)[0] + 1
            node = node[part]
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            yield node.lc.item(part)[0] + 1
            node = node[part]
        else:
            return
