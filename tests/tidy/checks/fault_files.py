"""
Faults: one file each, each registered, each named by a test. It refuses to import them.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.checks.tree import Breach, modules, texts

FOLDER = "mock_providers/faults/"
REGISTRY = FOLDER + "registry.py"
_BASE = "Fault"


@dataclass(frozen=True, slots=True)
class FaultFile:
    """A class derived from Fault, and where it stands."""

    path: str
    line: int
    class_name: str
    name: str

    @property
    def stem(self) -> str:
        return Path(self.path).stem


def fault_files(root: Path) -> list[FaultFile]:
    """
    Every fault class of the folder.
    """
    return [
        FaultFile(path, node.lineno, node.name, _name(node))
        for path, _text, tree in modules(root, under=(FOLDER,))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == _BASE for base in node.bases)
    ]


def check_faults(root: Path) -> list[Breach]:
    """
    Faults that share a file, bear another name than their file, are not registered, or that no test names.
    """
    registered = _registered(root)
    tests = "\n".join(text for path, text in texts(root) if path.startswith("tests/") and "/tidy/" not in path)
    found: list[Breach] = []
    seen: set[str] = set()
    for fault in fault_files(root):
        found.extend(_judge(fault, registered=registered, tests=tests))
        if fault.path in seen:
            found.append(Breach(fault.path, fault.line, "two faults in one file"))
        seen.add(fault.path)
    return found


def _judge(fault: FaultFile, *, registered: set[str], tests: str) -> Iterator[Breach]:
    if fault.name != fault.stem:
        yield Breach(fault.path, fault.line, f"the fault is called {fault.name!r}, its file {fault.stem!r}")
    if fault.class_name not in registered:
        yield Breach(fault.path, fault.line, f"{fault.class_name} is not in the registry")
    named = rf"\b{re.escape(fault.class_name)}\b|\bfault[\"']?\s*[:=]\s*[\"']?{re.escape(fault.name)}\b|[\"']{re.escape(fault.name)}[\"']"
    if not re.search(named, tests):
        yield Breach(fault.path, fault.line, f"no test names {fault.name}")


def _registered(root: Path) -> set[str]:
    """
    Names listed in a tuple or dict of the registry; an import alone registers nothing.
    """
    for path, _text, tree in modules(root, under=(REGISTRY,)):
        if path == REGISTRY:
            listed = [node for node in ast.walk(tree) if isinstance(node, ast.Tuple | ast.List | ast.Dict)]
            return {name.id for node in listed for name in ast.walk(node) if isinstance(name, ast.Name)}
    return set()


def _name(node: ast.ClassDef) -> str:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="name")], value=ast.Constant(value=str(name))):
                return name
            case ast.AnnAssign(target=ast.Name(id="name"), value=ast.Constant(value=str(name))):
                return name
            case _:
                pass
    return ""
