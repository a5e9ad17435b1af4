"""
In a network of its own nothing but the simulator can be reached: by the proxy, by ports 80 and 443, or not at all.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback.front_child import CANNOT

ROOT = Path(__file__).parents[2]
# curl's exit codes: 6 no such name, 7 no way there.
FARES = {
    "honours the proxy": [0, "200"],
    "ignores the proxy": [6, "000"],
    "ignores names as well": [7, "000"],
    "has a hosts entry": [0, "200"],
    "speaks plain HTTP to port 80": [0, "200"],
}


@pytest.mark.sdk
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")
def test_a_client_reaches_the_simulator_or_nobody(credentials_dir):
    ended = subprocess.run(
        [sys.executable, "-m", "tests.loopback.front_child", str(credentials_dir)],
        check=False, capture_output=True, text=True, timeout=90, cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    if ended.returncode == CANNOT:
        pytest.skip(f"no network of our own: {ended.stdout}")
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert told["clients"] == FARES
    assert told["ready"]["vendor_urls"] == ["https://127.0.0.1", "http://127.0.0.1"]
    assert told["ready"]["notice"] is None
    by_port, by_name = (json.loads(text) for text in json.loads(told["snippet"]))
    assert json.loads(told["proxied"])["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert by_port["sub_code"] == by_name["sub_code"] == "ACQ.TRADE_NOT_EXIST"
