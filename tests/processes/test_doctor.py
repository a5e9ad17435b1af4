"""
`payproof doctor` as people run it: the home's keys, a file or stdin, and its exit codes.
"""

import shutil
import subprocess

import orjson
import pytest

from harness.settings import child_environment
from tests.keys import copy_keys
from tests.processes.command import PAYPROOF, RUN_S, run
from tests.processes.helpers import REPO
from tests.unit.mock_providers.wrong_ways import RIGHT, WAYS, Attempt

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with credentials and nothing else."""
    home = tmp_path_factory.mktemp("doctor") / "home"
    copy_keys(home / "credentials")
    return home


def pasted(home, attempt: Attempt):
    request = attempt.sent(home / "credentials")
    file = home.parent / "request.txt"
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers)
    file.write_text(f"POST {request.target} HTTP/1.1\n{headers}\n\n{request.body.decode()}\n")
    return file


def test_exit_codes_tell_right_explained_unexplained_and_unreadable(home):
    assert run("doctor", str(pasted(home, RIGHT)), "--home", str(home)).returncode == 0
    explained = run("doctor", str(pasted(home, dict(WAYS)["values_encoded"])), "--home", str(home))
    assert (explained.returncode, explained.stderr) == (1, "")
    assert "percent-encoded" in explained.stdout
    unexplained = run("doctor", str(pasted(home, Attempt(text=lambda _: "x"))), "--home", str(home), "--json")
    assert unexplained.returncode == 3
    assert orjson.loads(unexplained.stdout)["cause"] is None
    unreadable = run("doctor", str(REPO / "LICENSE"), "--home", str(home))
    assert (unreadable.returncode, unreadable.stdout) == (2, "")
    assert "a curl command" in unreadable.stderr


def test_stdin_a_given_key_and_chinese_need_no_home(home):
    key = shutil.copy(home / "credentials" / "alipay" / "app_public_key.pem", home.parent)
    argv = [*PAYPROOF, "doctor", "-", "--public-key", str(key), "--lang", "zh", "--home", str(home.parent / "none")]
    text = pasted(home, dict(WAYS)["html_escaped"]).read_bytes()
    done = subprocess.run(
        argv, input=text, cwd=REPO, env=child_environment(), capture_output=True, timeout=RUN_S, check=False
    )
    assert done.returncode == 1
    assert "HTML 转义" in done.stdout.decode()
    assert not (home.parent / "none").exists()
