"""
The walls between the rooms stand, and a breach is seen.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.tree import REPO
from tests.tidy.checks.walls import copy, lint


def test_the_walls_stand():
    walls = lint(REPO)

    assert walls.kept, walls.report


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("reference_gateway.clock", "mock_providers.core.clock", "simulator and gateway never meet"),
        ("harness.clock", "reference_gateway.clock", "the harness reaches the rooms through its doors only"),
        ("mock_providers.core.clock", "mock_providers.alipay", "the simulator's core and faults know no provider"),
    ],
)
def test_a_breach_is_seen(tmp_path: Path, module: str, imported: str, contract: str):
    tree = copy(REPO, tmp_path)
    broken = tree / (module.replace(".", "/") + ".py")
    broken.write_text(broken.read_text(encoding="utf-8") + f"\nimport {imported}\n", encoding="utf-8")

    walls = lint(tree)

    assert not walls.kept
    assert f"{contract} BROKEN" in walls.report
    assert f"{module} -> {imported}" in walls.report.replace("\n", " ")
