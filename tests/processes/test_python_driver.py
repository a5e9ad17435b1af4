"""
A gateway of another design, driven by a Python class: the same verdicts as by its YAML file.
"""

import json
import sys

import pytest

from tests.processes.command import run
from tests.processes.helpers import open_folder
from tests.tidy.checks.tree import REPO

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see who is alive"),
]
DRIVER = "tests.gateways.teashop.driver:Teashop"


def test_a_gateway_driven_by_a_class_is_judged():
    with open_folder() as folder:
        done = run("check", "idempotency/credited-once", "refund/in-full", "crash/after-paying", "--gateway", DRIVER,
                   "--home", str(folder / "home"), "--out", str(folder / "out"), "--json", PYTHONPATH=str(REPO))  # fmt: skip
        page = (folder / "out" / "report.html").read_text(encoding="utf-8")

    told = json.loads(done.stdout)
    verdicts = {row["id"]: (row["verdict"], row["actual"]) for row in told["results"]}
    assert verdicts == {
        "idempotency/credited-once": ("PASS", ""),
        "refund/in-full": ("PASS", ""),
        "crash/after-paying": ("NOT_RUN", "the world cannot kill_gateway, restart_gateway"),
    }
    assert done.returncode == 0, done.stderr
    assert told["gateway"] == DRIVER
    assert "the world cannot kill_gateway" in page
