"""
Every requirement is said in Chinese as well: `harness/words/zh.yaml`, under `requirements`.
"""

from ruamel.yaml import YAML

from harness.catalog import REQUIREMENTS
from harness.words import CATALOGUE


def test_every_requirement_is_said_in_chinese():
    said = YAML(typ="safe", pure=True).load(CATALOGUE.read_text(encoding="utf-8"))["requirements"]

    missing = [f"{rule.id}: {rule.text}" for rule in REQUIREMENTS if rule.id not in said]

    assert not missing, "say these in harness/words/zh.yaml, under requirements:\n" + "\n".join(missing)
