"""
Unmodified SDKs from PyPI are the judges: they pay, query, refund, and verify the notify that was really sent.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mock_providers.registry import make_credentials
from tests.sdk.sdk_child import CANNOT
from tests.sdk.sdk_world import COMMUNITY_SDK, ROOT, built_environment

pytestmark = [pytest.mark.sdk, pytest.mark.processes]


@pytest.fixture(scope="module")
def credentials_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sdk") / "credentials"
    make_credentials(directory)
    return directory


def driven(name: str, sign_type: str, credentials_dir: Path) -> dict[str, Any]:
    """
    What the SDK said, from a child process with a built environment.
    """
    first = (COMMUNITY_SDK,) if name == "community" else ()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.sdk.sdk_child", name, sign_type, str(credentials_dir)],
        check=False, capture_output=True, text=True, timeout=90, cwd=ROOT, env=built_environment(*first),
    )  # fmt: skip
    if ended.returncode == CANNOT:
        pytest.skip(f"{name} reaches port 80 only, and there is no network of our own: {ended.stdout.strip()}")
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


@pytest.mark.parametrize("sign_type", ["RSA2", "RSA"])
@pytest.mark.parametrize("name", ["official", "community"])
def test_an_unmodified_sdk_goes_all_the_way_round(name, sign_type, credentials_dir):
    told = driven(name, sign_type, credentials_dir)

    assert told["precreate"]["code"] == "10000"
    assert told["precreate"]["qr_code"].startswith("https://qr.alipay.com/bax")
    assert told["unscanned"]["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert (told["paid"]["trade_status"], told["paid"]["total_amount"]) == ("TRADE_SUCCESS", "1.23")
    assert (told["refund"]["fund_change"], told["refund"]["refund_fee"]) == ("Y", "0.23")
    assert (told["refund_again"]["fund_change"], told["refund_again"]["refund_fee"]) == ("N", "0.23")
    assert told["refund_query"].items() >= {"refund_status": "REFUND_SUCCESS", "refund_amount": "0.23"}.items()

    assert (told["notify"]["trade_status"], told["notify"]["sign_type"]) == ("TRADE_SUCCESS", sign_type)
    assert told["subject_arrives"]
    assert told["notify_verifies"]
    assert told["refund_notify_verifies"]
    assert (told["forged_verifies"], told["tampered_verifies"]) == (False, False)
    assert told["refund_notify"]["out_biz_no"] == "r1"
