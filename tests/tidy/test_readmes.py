"""
The front pages are true: to each other, and to the commands that exist.
"""

from pathlib import Path

import pytest
import typer

from harness.cli import app
from tests.tidy.checks.readmes import CHINESE, ENGLISH, check_commands, check_twins, commands
from tests.tidy.checks.tree import REPO, plant, told

PAGE = "# payproof\n\n## Start\n\n```sh\nmake demo  # one minute\npayproof demo --seed 7\n```\n"
TWIN = "# payproof\n\n## 开始\n\n```sh\nmake demo  # 一分钟\npayproof demo --seed 7\n```\n"
MAKEFILE = ".PHONY: demo\nBIN := .venv/bin\ndemo: ## start\n\t@echo\n"
KNOWN = {"demo": frozenset({"--seed", "--json"}), "up": frozenset()}


def known() -> dict[str, frozenset[str]]:
    """
    What payproof understands: its commands, each with its flags.
    """
    group = typer.main.get_command(app)
    found: dict[str, frozenset[str]] = {}
    for name, command in getattr(group, "commands", {"demo": group}).items():
        found[name] = frozenset(opt for param in command.params for opt in (*param.opts, *param.secondary_opts))
    return found


def test_the_two_front_pages_say_the_same():
    breaches = check_twins(REPO)

    assert not breaches, told(breaches)


def test_every_command_on_a_page_exists():
    breaches = check_commands(REPO, known=known())

    assert not breaches, told(breaches)


def test_the_front_page_names_commands_at_all():
    assert any(command.startswith("make demo") for command in commands((REPO / ENGLISH).read_text(encoding="utf-8")))


def test_twins_pass(tmp_path: Path):
    plant(tmp_path, {ENGLISH: PAGE, CHINESE: TWIN})

    assert not check_twins(tmp_path)


@pytest.mark.parametrize(
    "twin",
    [
        TWIN.replace("## 开始", "### 开始"),
        TWIN + "\n## 更多\n",
        TWIN.replace("--seed 7", "--seed 8"),
        TWIN.replace("payproof demo --seed 7\n", ""),
        TWIN.replace("make demo", "make demos"),
    ],
)
def test_a_twin_that_strays_is_caught(tmp_path: Path, twin: str):
    plant(tmp_path, {ENGLISH: PAGE, CHINESE: twin})

    assert [breach.path for breach in check_twins(tmp_path)] == [CHINESE]


def test_a_missing_twin_is_caught(tmp_path: Path):
    plant(tmp_path, {ENGLISH: PAGE})

    assert [breach.path for breach in check_twins(tmp_path)] == [CHINESE]


@pytest.mark.parametrize(
    "page",
    [
        "```sh\nmake dmeo\n```\n",
        "```console\n$ payproof demmo\nverdict PASS\n```\n",
        "```sh\npayproof demo --sede 7\n```\n",
        "```sh\ncd x && .venv/bin/payproof pu\n```\n",
        "Then `payproof uup` shows it.\n",
        "Then `make dome` shows it.\n",
        "```sh\nPAYPROOF_SEED=1 payproof demo \\\n  --jsno\n```\n",
    ],
)
def test_a_command_that_does_not_exist_is_caught(tmp_path: Path, page: str):
    plant(tmp_path, {"docs/a.md": page, "Makefile": MAKEFILE})

    assert [breach.path for breach in check_commands(tmp_path, known=KNOWN)] == ["docs/a.md"]


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        '```sh\nmake demo ARGS="--payments 50" && payproof up | less\n```\n',
        "```console\n$ payproof demo --json --help\npayproof makes no promise\n```\n",
        "```text\npayproof demmo\n```\n",
        "Then `payproof demo [--seed N]` shows it.\n",
        "`payproof --version` says so.\n",
    ],
)
def test_a_command_that_exists_passes(tmp_path: Path, page: str):
    plant(tmp_path, {"docs/a.md": page, "Makefile": MAKEFILE})

    assert not check_commands(tmp_path, known=KNOWN)
