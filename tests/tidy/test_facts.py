"""
Every protocol fact that the code cites stands in docs/protocols, once.
"""

from pathlib import Path

import pytest

from tests.tidy.checks.facts import check_anchors, check_facts, cited_by
from tests.tidy.checks.tree import REPO, plant, told

PAGE = {"docs/protocols/alipay.md": '<a id="alipay/sign"></a>\n<a id="alipay/refund"></a>\n'}


def test_no_citation_is_dead():
    breaches = check_facts(REPO)

    assert not breaches, told(breaches)


def test_anchors_are_unique_and_well_formed():
    breaches = check_anchors(REPO)

    assert not breaches, told(breaches)


@pytest.mark.parametrize("prefix", ["mock_providers/alipay/", "reference_gateway/channels/"])
def test_both_sides_of_the_protocol_cite_their_facts(prefix: str):
    assert cited_by(REPO, prefix).total() >= 5


def test_a_dead_citation_is_caught(tmp_path: Path):
    source = 'def f():\n    """\n    Sign.\n\n    Facts: alipay/sign, alipay/sing\n    """\n'
    plant(tmp_path, {**PAGE, "a.py": source})

    assert [(breach.path, breach.line) for breach in check_facts(tmp_path)] == [("a.py", 1)]


def test_a_list_over_two_lines_is_read_to_its_end(tmp_path: Path):
    source = '"""\nA module.\n\nFacts: alipay/sign,\n    alipay/gone\n\nFacts end at the blank line.\n"""\n'
    plant(tmp_path, {**PAGE, "a.py": source})

    assert ["alipay/gone" in breach.what for breach in check_facts(tmp_path)] == [True]


def test_a_dead_citation_in_a_comment_is_caught(tmp_path: Path):
    plant(tmp_path, {**PAGE, "a.py": "x = 1\ny = 2  # Facts: alipay/gone\n"})

    assert [breach.line for breach in check_facts(tmp_path)] == [2]


def test_the_list_ends_with_its_sentence(tmp_path: Path):
    plant(tmp_path, {**PAGE, "a.py": "# Facts: alipay/sign, alipay/refund. The spelling is theirs.\nx = 1\n"})

    assert not check_facts(tmp_path)


def test_a_misshapen_citation_is_dead(tmp_path: Path):
    plant(tmp_path, {**PAGE, "a.py": '"""Facts: the sign string."""\n'})

    assert check_facts(tmp_path)


def test_an_anchor_that_stands_twice_is_caught(tmp_path: Path):
    plant(tmp_path, {"docs/protocols/alipay.md": '<a id="alipay/sign"></a>\n\n<a id="alipay/sign"></a>\n'})

    assert [breach.line for breach in check_anchors(tmp_path)] == [3]


@pytest.mark.parametrize("name", ["unionpay/sign", "alipay/Sign", "sign", "alipay/"])
def test_a_misshapen_anchor_is_caught(tmp_path: Path, name: str):
    plant(tmp_path, {"docs/protocols/alipay.md": f'<a id="{name}"></a>\n'})

    assert check_anchors(tmp_path)
