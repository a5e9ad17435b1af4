"""
Gateways of other designs, driven by YAML alone: acquitted of the requirements that their design strains most.
"""

import shutil
from collections import Counter
from pathlib import Path

import orjson
import pytest

from tests.processes.command import run
from tests.processes.helpers import REPO

pytestmark = pytest.mark.processes
GATEWAYS = REPO / "tests" / "gateways"
NODE_SDKS = REPO / ".venv" / "sdk" / "node" / "node_modules"
SDK = REPO / ".venv" / "sdk" / "python-alipay-sdk"
CHOSEN = (
    "crash/before-paying",
    "idempotency/credited-once",
    "refund/cut-before-settled",
    "signature/forged-never-acked",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home, so that keys are made once."""
    return tmp_path_factory.mktemp("foreign") / "home"


def acquitted(name: str, home: Path) -> Counter[str]:
    """Try a gateway by the chosen requirements; how many ended in which way."""
    driver = GATEWAYS / name / "driver.yaml"
    done = run("check", *CHOSEN, "--gateway", str(driver), "--home", str(home), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = orjson.loads(done.stdout)
    assert not [one for one in told["results"] if one["verdict"] != "PASS"]
    return Counter(one["channel"] for one in told["results"])


@pytest.mark.skipif(not SDK.is_dir(), reason="python-alipay-sdk is not installed: make setup")
def test_a_blocking_shop_with_sqlite_and_an_sdk_is_acquitted(home):
    assert acquitted("teashop", home) == {"alipay": len(CHOSEN)}


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(not NODE_SDKS.is_dir(), reason="the npm SDKs are not installed: make setup")
def test_a_kiosk_in_another_language_is_acquitted(home):
    assert acquitted("kiosk", home) == {"alipay": len(CHOSEN), "wechatpay_v3": len(CHOSEN)}


def test_a_bazaar_that_makes_every_other_choice_is_acquitted(home):
    channels = ("wechatpay_v3", "wechatpay_v2", "unionpay_keyed")

    assert acquitted("bazaar", home) == dict.fromkeys(channels, len(CHOSEN))


def test_what_is_wrong_with_a_webhook_is_told_before_anything_is_tried(home, tmp_path):
    folder = tmp_path / "bazaar"
    shutil.copytree(GATEWAYS / "bazaar", folder)
    driver = folder / "driver.yaml"
    driver.write_text(
        driver.read_text().replace("order_no: /ref", "order_no: /number").replace("settle_s: 15", "settle_s: 2")
    )

    done = run("check", "money", "--gateway", str(driver), "--home", str(home))

    assert done.returncode == 2, done.stderr
    assert "bazaar sent a webhook that says nothing by the driver's pointers" in done.stderr
    assert "webhooks: order_no" in done.stderr


def test_a_bazaar_is_explored_through_its_driver(home, tmp_path):
    driver = GATEWAYS / "bazaar" / "driver.yaml"
    words = ("--examples", "2", "--steps", "5", "--seed", "2", "--json", "--out", str(tmp_path / "run"))
    done = run("explore", "--gateway", str(driver), "--home", str(home), *words)

    assert done.returncode == 0, done.stdout + done.stderr
    told = orjson.loads(done.stdout)
    assert (told["verdict"], told["examples"], told["steps"]) == ("PASS", 2, 10)
    assert told["exchanging_steps"] == 10
    assert set(told["channels"]) == {"wechatpay_v3", "wechatpay_v2", "unionpay_keyed"}
    assert "States and faults that met" in (tmp_path / "run" / "report.html").read_text()
