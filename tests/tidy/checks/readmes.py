"""
The front pages: the two languages say the same, and the commands that pages name exist.

It refuses to run a command; `tests/processes/` does.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.tidy.checks.tree import Breach, texts

ENGLISH, CHINESE = "README.md", "README.zh-CN.md"

_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6})\s", re.MULTILINE)
_INLINE = re.compile(r"`((?:\.venv/bin/)?(?:payproof|make) [^`\n]+)`")
_COMMENT = re.compile(r"(^|\s)#.*$")
_TARGET = re.compile(r"^([a-z][\w-]*):(?!=)", re.MULTILINE)
_SHELLS = frozenset({"sh", "bash", "shell", "console"})
_BREAKS = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "2>"})

Commands = Mapping[str, frozenset[str]]


def check_twins(root: Path) -> list[Breach]:
    """
    Differences between README.md and its Chinese twin: headings' levels, and commands.
    """
    english, chinese = (_read(root, name) for name in (ENGLISH, CHINESE))
    if english is None or chinese is None:
        return [Breach(CHINESE if chinese is None else ENGLISH, 1, "the front page is missing")]
    found = []
    if levels(english) != levels(chinese):
        found.append(Breach(CHINESE, 1, f"headings are {levels(chinese)}, in {ENGLISH} they are {levels(english)}"))
    here, there = commands(chinese), commands(english)
    if here != there:
        differ = [pair for pair in zip(here, there, strict=False) if pair[0] != pair[1]]
        first = differ[0] if differ else (len(here), len(there))
        found.append(Breach(CHINESE, 1, f"commands differ from {ENGLISH}, first: {first[0]!r}, there {first[1]!r}"))
    return found


def levels(text: str) -> list[int]:
    """
    The levels of the headings, in order.
    """
    return [len(marks) for marks in _HEADING.findall(_FENCE.sub("", text))]


def commands(text: str) -> list[str]:
    """
    The commands in a page's shell blocks, without prompts, comments and output.
    """
    found: list[str] = []
    for fence in _FENCE.finditer(text):
        if fence["language"] in _SHELLS:
            lines = re.sub(r"\s*\\\n\s*", " ", fence["body"]).splitlines()
            if fence["language"] == "console":
                lines = [line for line in lines if line.startswith("$ ")]
            found.extend(filter(None, (_COMMENT.sub("", line.removeprefix("$ ")).strip() for line in lines)))
    return found


def check_commands(root: Path, *, known: Commands, pages: tuple[str, ...] = ()) -> list[Breach]:
    """
    Commands named in Markdown pages that do not exist.

    Args:
        known: payproof's commands, each with its flags.
        pages: the pages to read; all of the tree by default.
    """
    makefile = _read(root, "Makefile") or ""
    targets = frozenset(_TARGET.findall(makefile))
    return [
        Breach(path, 1, f"`{command}`: {problem}")
        for path, text in texts(root, suffixes=(".md",))
        if not pages or path in pages
        for command in (*commands(text), *_INLINE.findall(_FENCE.sub("", text)))
        for problem in _problems(command, known=known, targets=targets)
    ]


def _problems(command: str, *, known: Commands, targets: frozenset[str]) -> Iterator[str]:
    for part in _parts(_words(command)):
        program = part[0].removeprefix(".venv/bin/").removeprefix("./")
        rest = [word for word in part[1:] if word not in {"…", "..."}]
        if program == "make":
            yield from (f"the Makefile has no {word}" for word in rest if "=" not in word and word not in targets)
        elif program == "payproof" and rest and not rest[0].startswith("-"):
            if rest[0] not in known:
                yield f"payproof has no {rest[0]}"
            else:
                flags = [word.split("=")[0].strip("[]…") for word in rest[1:] if word.strip("[").startswith("--")]
                yield from (f"{rest[0]} has no {flag}" for flag in flags if flag not in known[rest[0]] | {"--help"})


def _parts(words: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        if word in _BREAKS:
            if part:
                yield part
            part = []
        elif part or not re.fullmatch(r"[A-Z][A-Z_0-9]*=.*", word):
            part.append(word)
    if part:
        yield part


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _read(root: Path, name: str) -> str | None:
    path = root / name
    return path.read_text(encoding="utf-8") if path.is_file() else None
