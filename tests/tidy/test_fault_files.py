"""
Every fault has its file, its line in the registry and its test.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.fault_files import check_faults, fault_files
from tests.tidy.checks.tree import REPO, plant, told

FAULT = 'class Drop(Fault):\n    name = "drop"\n'
GOOD = {
    "mock_providers/faults/drop.py": FAULT,
    "mock_providers/faults/registry.py": "from mock_providers.faults.drop import Drop\n_ALL = (Drop,)\n",
    "tests/unit/test_drop.py": 'rule = {"fault": "drop"}\n',
}


def test_every_fault_is_registered_and_tested():
    breaches = check_faults(REPO)

    assert not breaches, told(breaches)


def test_the_first_faults_are_there():
    names = {fault.name for fault in fault_files(REPO)}

    assert {"duplicate", "delay", "drop", "reorder", "forged_signature", "tampered_amount"} <= names


def test_a_registered_and_tested_fault_passes(tmp_path: Path):
    assert not check_faults(plant(tmp_path, GOOD))


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("mock_providers/faults/registry.py", "from mock_providers.faults.drop import Drop\n_ALL = ()\n", "registry"),
        ("mock_providers/faults/drop.py", FAULT.replace('"drop"', '"dorp"'), "is called"),
        ("mock_providers/faults/drop.py", FAULT + "\n\n" + FAULT, "two faults"),
        ("tests/unit/test_drop.py", "assert True\n", "no test"),
    ],
)
def test_a_breach_is_caught(tmp_path: Path, path: str, text: str, what: str):
    plant(tmp_path, {**GOOD, path: text})

    assert any(what in breach.what for breach in check_faults(tmp_path))
