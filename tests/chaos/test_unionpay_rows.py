"""
Every row of UnionPay's chaos table has its test, and every test its row.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| (\d+) \|.*\| `(test_unionpay_\w+\.py)::(test_row_\d+_)…` \|$", re.MULTILINE)
_TEST = re.compile(r"^async def (test_row_\d+_)\w+", re.MULTILINE)


def table() -> dict[int, tuple[str, str]]:
    text = (ROOT / "docs" / "protocols" / "unionpay.md").read_text(encoding="utf-8")
    return {int(number): (file, prefix) for number, file, prefix in _ROW.findall(text)}


def test_every_row_names_a_test_that_there_is():
    rows = table()
    assert sorted(rows) == list(range(1, 42))
    for number, (file, prefix) in rows.items():
        assert prefix == f"test_row_{number}_"
        assert prefix in _TEST.findall((Path(__file__).parent / file).read_text(encoding="utf-8")), (number, file)


def test_every_test_of_a_row_has_one():
    told = {prefix for _, prefix in table().values()}
    for file in Path(__file__).parent.glob("test_unionpay_*.py"):
        for prefix in _TEST.findall(file.read_text(encoding="utf-8")):
            assert prefix in told, (file.name, prefix)
