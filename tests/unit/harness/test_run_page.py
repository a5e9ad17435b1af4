"""
The page of a demo: its figures, why it is undecided, and each finding with its drawing and bytes out of the run folder.
"""

from pathlib import Path

import orjson

from harness.reports.run_page import RunReport, run_page
from harness.verdict import Verdict
from harness.words import Words
from tests.unit.harness.test_story import WIRE, found, twice


def page(folder: Path, *, findings=(), lang="en", **more):
    report = RunReport(
        title="payproof demo",
        verdict=Verdict.FAIL if findings else Verdict.UNKNOWN,
        facts={"seed": "7"},
        figures={"credited_twice": 1, "elapsed_s": 2.5},
        findings=findings,
        run_dir=folder,
        again="payproof demo --seed 7",
        **more,
    )
    return run_page(report, words=Words(lang))


def keep(folder: Path):
    """
    What a run leaves behind; its wire log has more lines than are needed.
    """
    lines = [orjson.dumps(line.to_json()) for line in twice()]
    (folder / "history.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    raws = [dict(one.raw) for one in WIRE]
    others = [{**raw, "order": "G2", "seq": 100 + raw["seq"]} for raw in raws]
    (folder / "wire.ndjson").write_bytes(
        b"".join(orjson.dumps(raw) + b"\n" for raw in [*others, *raws]) + b'{"order":"G1'
    )


def test_a_finding_has_its_drawing_and_its_bytes(tmp_path: Path):
    keep(tmp_path)

    told = page(tmp_path, findings=[found(4, 5)])

    assert "credited twice: 9.90 yuan too much" in told
    assert told.count('class="evidence"/>') == 2
    assert "a=1&amp;b=2" in told
    assert "3 exchanges" in told


def test_figures_and_doubts_are_told(tmp_path: Path):
    told = page(tmp_path, reasons=["no notify reached the gateway"])

    assert "<dt>credited twice</dt><dd>1</dd>" in told
    assert "<dd>2.50</dd>" in told
    assert "no notify reached the gateway" in told


def test_in_chinese(tmp_path: Path):
    told = page(tmp_path, lang="zh", reasons=["no notify reached the gateway"])

    assert "<dt>重复入账</dt><dd>1</dd>" in told
    assert "没有通知到达网关" in told
