"""
The simulator as a process: one ready line, good manners at the end, bad settings refused.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "mock_providers"]
ROOT = Path(__file__).parents[2]


def started(*flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=_environment()
    )


def _environment() -> dict[str, str]:
    """
    Built, not inherited: a variable of the machine must not change what is tested.
    """
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_ready_line_then_a_good_end(credentials_dir, number):
    with started("--credentials-dir", str(credentials_dir), "--seed", "7") as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        assert ready["alipay_url"].startswith("http://127.0.0.1:")
        assert ready["control_url"].startswith("http://127.0.0.1:")
        process.send_signal(number)
        rest, logs = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")
    assert [json.loads(line)["event"] for line in logs.splitlines()] == ["providers_ready", "providers_stopped"]


def test_the_token_is_in_no_log(credentials_dir):
    with started("--credentials-dir", str(credentials_dir), "--control-token", "hush-hush") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        _, logs = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "hush" not in logs


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--control-host", "0.0.0.0"], "CONTROL_TOKEN"),
        (["--seeed", "7"], "seeed"),
        (["--alipay-port", "70000"], "alipay_port"),
        (["--faults-file", "/nonexistent.yaml"], "cannot be read"),
    ],
)
def test_bad_settings_end_with_two_before_anything_listens(credentials_dir, flags, told):
    ended = subprocess.run(
        [*COMMAND, "--credentials-dir", str(credentials_dir), *flags],
        check=False, capture_output=True, text=True, timeout=60, cwd=ROOT, env=_environment(),
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr


def test_a_port_that_is_taken_ends_with_two(credentials_dir):
    with started("--credentials-dir", str(credentials_dir)) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["alipay_url"].rpartition(":")[2]
        with started("--credentials-dir", str(credentials_dir), "--alipay-port", port) as second:
            _, logs = second.communicate(timeout=30)
        process.terminate()
        process.communicate(timeout=30)
    assert second.returncode == 2
    assert "cannot listen" in logs
