"""
Only settings.py reads the environment, and bans are lifted only at home, with a reason.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.environment import check_environment, check_lifted_bans
from tests.tidy.checks.tree import REPO, plant, told


def test_only_settings_read_the_environment():
    breaches = check_environment(REPO)

    assert not breaches, told(breaches)


def test_bans_are_lifted_at_home_only():
    breaches = check_lifted_bans(REPO)

    assert not breaches, told(breaches)


@pytest.mark.parametrize(
    "source",
    ["import os\nx = os.environ\n", "import os\nx = os.getenv('A')\n", "\nfrom os import environ as e\n"],
)
def test_a_module_that_reads_the_environment_is_caught(tmp_path: Path, source: str):
    plant(tmp_path, {"harness/a.py": source, "harness/settings.py": source, "tools/a.py": source})

    assert [(breach.path, breach.line) for breach in check_environment(tmp_path)] == [("harness/a.py", 2)]


def test_a_ban_lifted_abroad_is_caught(tmp_path: Path):
    lifted = "import time\nx = time.time()  # noq" + "a: TID251 - the port\n"
    plant(tmp_path, {"harness/a.py": lifted, "harness/clock.py": lifted})

    assert [(breach.path, breach.line) for breach in check_lifted_bans(tmp_path)] == [("harness/a.py", 2)]


def test_a_ban_lifted_without_a_reason_is_caught(tmp_path: Path):
    plant(tmp_path, {"harness/clock.py": "import time\nx = time.time()  # noq" + "a: TID251\n"})

    assert [breach.what for breach in check_lifted_bans(tmp_path)] == ["lifts a ban without a reason"]
